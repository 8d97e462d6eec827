"""Where bearer tokens of tool servers are kept; they are read with the rest of the configuration."""

from typing import Protocol

from router_core.types import ToolToken

__all__ = ["ToolTokenStore"]


class ToolTokenStore(Protocol):
    """Keeps one sealed token for each server, as part of the configuration but of no version of it."""

    async def put_token(self, token: ToolToken) -> int:
        """Store ``token`` in the place of the one that its server has; return the new revision."""
        ...

    async def remove_token(self, server: str) -> int:
        """Forget a server's token for good; return the new revision. Raises :class:`NotFoundError`."""
        ...

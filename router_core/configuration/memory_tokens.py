"""Tokens of tool servers in memory, with the same answers as the real store."""

from router_core.configuration.memory_store import MemoryConfigStore
from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept
from router_core.types import ToolToken

__all__ = ["MemoryToolTokens"]


class MemoryToolTokens:
    """Keeps tokens as part of ``config``; a :class:`ToolTokenStore`."""

    def __init__(self, config: MemoryConfigStore) -> None:
        self._config = config

    async def put_token(self, token: ToolToken) -> int:
        """Store ``token`` in the place of the one that its server has; return the new revision."""
        kept = as_kept(token)
        return self._config.swap_tokens({**self._config.snapshot().tool_tokens, kept.server: kept})

    async def remove_token(self, server: str) -> int:
        """Forget a server's token for good; return the new revision. Raises :class:`NotFoundError`."""
        held = dict(self._config.snapshot().tool_tokens)
        if held.pop(server, None) is None:
            raise NotFoundError("The server has no token")
        return self._config.swap_tokens(held)

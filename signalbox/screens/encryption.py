"""What the card of keys and stored secrets may ask for."""

from typing import Protocol

from router_core.admin.encryption import EncryptionView
from router_core.types import Principal

__all__ = ["EncryptionBackend"]


class EncryptionBackend(Protocol):
    """Keys that seal stored secrets; :class:`EncryptionDesk` does it."""

    async def status(self, person: Principal) -> EncryptionView:
        """Return how keys and secrets stand."""
        ...

    async def rotate(self, person: Principal) -> EncryptionView:
        """Begin a rotation. Raises :class:`ConflictError` while another runs."""
        ...

"""What the Providers screen may ask for about keys: they go in and never come out."""

from typing import Protocol

from router_core.admin.provider_key_views import StoredKeyView
from router_core.admin.provider_keys import KeyChange, KeyOrder
from router_core.types import Principal

__all__ = ["ProviderKeyBackend"]


class ProviderKeyBackend(Protocol):
    """The stored keys of providers; :class:`ProviderKeyDesk` does it.

    Every method raises :class:`NotFoundError` for a provider or a key that does not exist.
    """

    async def keys(self, name: str, person: Principal) -> tuple[StoredKeyView, ...]:
        """Return the stored keys of a provider, oldest first."""
        ...

    async def add_key(self, name: str, order: KeyOrder, person: Principal) -> StoredKeyView:
        """Store a key. Raises :class:`ValidationError` that names the field."""
        ...

    async def change_key(self, name: str, key_id: str, change: KeyChange, person: Principal) -> StoredKeyView:
        """Change a stored key, or put another in its place. Raises :class:`ValidationError` that names the field."""
        ...

    async def remove_key(self, name: str, key_id: str, person: Principal) -> StoredKeyView:
        """Forget a stored key for good; return how it was."""
        ...

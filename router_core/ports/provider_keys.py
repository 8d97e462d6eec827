"""Where keys of providers are kept; they are read with the rest of the configuration."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from router_core.types import KeyPatch, ProviderKey

__all__ = ["KeyUseLog", "ProviderKeyStore"]


class ProviderKeyStore(Protocol):
    """Keeps providers' keys, sealed, as part of the configuration but of no version of it.

    A provider that is removed takes its keys along.
    """

    async def add_key(self, key: ProviderKey) -> int:
        """Store a new key; return the new revision.

        Raises :class:`ValidationError` for an unknown provider, a taken id and a weight that is not allowed.
        """
        ...

    async def change_key(self, key_id: str, patch: KeyPatch) -> int:
        """Change what ``patch`` names; return the new revision.

        Raises :class:`NotFoundError`, and :class:`ValidationError` for a weight that is not allowed.
        """
        ...

    async def remove_key(self, key_id: str) -> int:
        """Forget a key for good; return the new revision. Raises :class:`NotFoundError`."""
        ...


class KeyUseLog(Protocol):
    """Remembers when keys of providers were used; no part of the configuration."""

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """Remember when keys were last used; never turns a time back, and raises no revision."""
        ...

    async def last_used(self, provider_id: str) -> Mapping[str, datetime]:
        """Return when the provider's keys were last used, by the key's id; keys that never were are left out."""
        ...

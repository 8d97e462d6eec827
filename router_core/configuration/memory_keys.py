"""Providers' keys in memory, with the same answers as the real store."""

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import structs

from router_core.configuration.memory_store import MemoryConfigStore
from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept, refuse, refuse_provider_key
from router_core.types import KeyPatch, ProviderKey

__all__ = ["MemoryProviderKeys"]


class MemoryProviderKeys:
    """Keeps providers' keys as part of ``config``; a :class:`ProviderKeyStore` and a :class:`KeyUseLog`."""

    def __init__(self, config: MemoryConfigStore) -> None:
        self._config = config
        self._used: dict[str, datetime] = {}

    async def add_key(self, key: ProviderKey) -> int:
        """Store a new key; return the new revision. Raises :class:`ValidationError`."""
        kept, held = as_kept(key), self._held()
        refuse_provider_key(kept.weight)
        rows = self._config.snapshot().providers
        refuse(all(row.id != kept.provider_id for row in rows), "provider_id", "names nothing that exists")
        refuse(kept.id in held, "id", "is already taken")
        return self._config.swap_keys([*held.values(), kept])

    async def change_key(self, key_id: str, patch: KeyPatch) -> int:
        """Change what ``patch`` names; return the new revision. Raises :class:`NotFoundError`."""
        kept = as_kept(patch)
        refuse_provider_key(kept.weight)
        held, old = self._held(), self._found(key_id)
        named = {name: getattr(kept, name) for name in ("label", "weight", "is_active", "secret")}
        named = {name: value for name, value in named.items() if value is not None}
        held[key_id] = structs.replace(old, **named, changed_by=kept.by, changed_at=kept.at)
        return self._config.swap_keys(list(held.values()))

    async def remove_key(self, key_id: str) -> int:
        """Forget a key for good; return the new revision. Raises :class:`NotFoundError`."""
        held = self._held()
        del held[self._found(key_id).id]
        return self._config.swap_keys(list(held.values()))

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """Remember when keys were last used; never turns a time back, and raises no revision."""
        for key_id in self._held().keys() & used.keys():
            at = used[key_id].astimezone(UTC)
            self._used[key_id] = max(at, self._used.get(key_id, at))

    async def last_used(self, provider_id: str) -> Mapping[str, datetime]:
        """Return when the provider's keys were last used, by the key's id; keys that never were are left out."""
        held = {key.id for key in self._config.snapshot().provider_keys.get(provider_id, ())}
        return {key_id: at for key_id, at in self._used.items() if key_id in held}

    def _held(self) -> dict[str, ProviderKey]:
        return {key.id: key for keys in self._config.snapshot().provider_keys.values() for key in keys}

    def _found(self, key_id: str) -> ProviderKey:
        found = self._held().get(key_id)
        if found is None:
            raise NotFoundError("There is no such key of a provider")
        return found

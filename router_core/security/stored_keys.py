"""Which keys may go where: those of the environment and those that are stored, in the order of choice."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from router_core.errors.known_secrets import KnownSecrets
from router_core.ports import ConfigSource
from router_core.security.vault.faults import UnreadableSecretError
from router_core.security.vault.key_manager import KeyManager, version_of
from router_core.types import ProviderConfig, ProviderKey, SealedSecret, Snapshot, UsableKey
from router_core.types.key_place import is_at_home
from router_core.types.vault import SealedPlace

__all__ = ["StoredKeys", "sealed_place"]

_STORED = 1
_log = logging.getLogger(__name__)

EnvironmentKey = Callable[[ProviderConfig], UsableKey | None]


def sealed_place(key_id: str, account_id: str | None) -> SealedPlace:
    """Return where the key of that id is sealed for."""
    return SealedPlace("provider_keys", "sealed", key_id, account_id)


class StoredKeys:
    """A :class:`KeySource` over the snapshot in force; it belongs to one event loop.

    A provider for everybody takes the environment's key first, then its stored ones. A provider of an account takes its
    stored ones, and the environment's only as long as none is stored for it. A stored key goes to no other host than
    the one that it was entered for, and only while the saved row names that. What is opened is known to ``known``, so
    that no error shows it.
    """

    __slots__ = ("_config", "_environment", "_known", "_manager", "_opened", "_rows", "_seen", "_told")

    def __init__(
        self, config: ConfigSource, manager: KeyManager, environment: EnvironmentKey, known: KnownSecrets
    ) -> None:
        self._config = config
        self._manager = manager
        self._environment = environment
        self._known = known
        self._seen: Snapshot | None = None
        self._rows: dict[str, tuple[ProviderConfig, Sequence[UsableKey]]] = {}
        self._opened: dict[str, tuple[SealedSecret, UsableKey]] = {}
        self._told: set[bytes] = set()

    def keys_for(self, provider: ProviderConfig) -> Sequence[UsableKey]:
        """Return the keys that may go to the host of ``provider``, which need not be saved, in the order of choice."""
        snapshot = self._config.snapshot()
        if snapshot is not self._seen:
            self._turn_to(snapshot)
        found = self._rows.get(provider.id)
        if found is not None and found[0] is provider:
            return found[1]
        return self._found(provider, snapshot)

    def used(self) -> Mapping[str, datetime]:
        """Return when this process last used each stored key that it used."""
        return {key_id: key.used_at for key_id, (_, key) in self._opened.items() if key.used_at is not None}

    def _turn_to(self, snapshot: Snapshot) -> None:
        self._seen = snapshot
        self._rows.clear()
        alive = {key.id for keys in snapshot.provider_keys.values() for key in keys}
        for key_id in self._opened.keys() - alive:
            self._known.put_aside(self._opened.pop(key_id)[1].secret)

    def _found(self, provider: ProviderConfig, snapshot: Snapshot) -> Sequence[UsableKey]:
        saved = snapshot.by_name.get(provider.name)
        if saved is None or saved.id != provider.id:
            saved = next((row for row in snapshot.providers if row.id == provider.id), None)
        held = snapshot.provider_keys.get(provider.id, ())
        usable = [key for key in held if key.is_active and _may_serve(key, provider, saved)]
        opened = [found for key in usable if (found := self._open(key)) is not None]
        opened.sort(key=lambda key: -key.weight)
        own = self._environment(provider) if provider.account_id is None or not held else None
        keys = tuple(opened) if own is None else (own, *opened)
        if provider is saved and all(self._is_open(key) for key in usable):
            # What cannot be opened is tried again: the key for it may just be on its way here.
            self._rows[provider.id] = provider, keys
        return keys

    def _open(self, key: ProviderKey) -> UsableKey | None:
        """Return ``key`` opened, None when it cannot be read; it is opened once for as long as it stays as it is."""
        found = self._opened.get(key.id)
        if found is None or not self._is_open(key):
            place = sealed_place(key.id, key.secret.account_id)
            try:
                secret = self._manager.open(place, key.secret.sealed)
            except UnreadableSecretError:
                kept = self._kept(key)
                if kept is None:
                    self._tell(key)
                return kept
            self._known.add(secret)
            opened = UsableKey(secret, id=key.id, mask=key.secret.mask, rank=_STORED)
            if found is not None:
                opened.used_at = found[1].used_at
                self._known.put_aside(found[1].secret)
            found = self._opened[key.id] = key.secret, opened
        found[1].weight = key.weight
        return found[1]

    def _is_open(self, key: ProviderKey) -> bool:
        found = self._opened.get(key.id)
        return found is not None and found[0].sealed == key.secret.sealed

    def _kept(self, key: ProviderKey) -> UsableKey | None:
        """Return what ``key`` was before a rotation, while the ring here does not hold yet what it is sealed under."""
        found, version = self._opened.get(key.id), version_of(key.secret.sealed)
        if found is None or version is None or version <= self._manager.ring.primary.version:
            return None
        same = replace(found[0], sealed=key.secret.sealed, key_version=key.secret.key_version) == key.secret
        return found[1] if same else None

    def _tell(self, key: ProviderKey) -> None:
        if key.secret.sealed not in self._told:
            self._told.add(key.secret.sealed)
            _log.warning("the stored key %s of a provider cannot be read, and is not used", key.secret.mask)


def _may_serve(key: ProviderKey, provider: ProviderConfig, saved: ProviderConfig | None) -> bool:
    """Say whether ``key`` may go where ``provider`` leads: where its saved row leads, and it was entered for."""
    if saved is None or not is_at_home(key, saved):
        return False
    return (provider.kind, provider.base_url, provider.account_id) == (saved.kind, saved.base_url, saved.account_id)

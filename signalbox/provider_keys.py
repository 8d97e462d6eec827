"""Puts together which provider key goes where; one of the environment goes to no host that it was not meant for."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from router_core.admin.action_trail import ActionTrail
from router_core.admin.provider_key_views import StandingKeys
from router_core.admin.provider_keys import ProviderKeyDesk, ProviderKeyParts
from router_core.clock import Clock
from router_core.configuration.upstream_rule import VENDOR_HOSTS, UpstreamRule
from router_core.errors import KnownSecrets, mask_api_key
from router_core.ports import ConfigSource
from router_core.security.key_use import KeyUseNotes
from router_core.security.stored_keys import StoredKeys
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.vault import Vault
from router_core.types import ProviderConfig, ProviderKind, Secret, UsableKey
from signalbox.settings import Settings
from signalbox.store import Store
from signalbox.tasks import Followers

__all__ = [
    "EnvironmentKeys",
    "base_urls",
    "environment_keys",
    "followed_keys",
    "provider_key_desk",
    "stored_keys",
    "upstream_rule",
]


class EnvironmentKeys:
    """The environment's keys, for providers on the vendor's own host or the one that overrides it."""

    __slots__ = ("_keys", "_overrides")

    def __init__(self, keys: Mapping[ProviderKind, Secret], overrides: Mapping[ProviderKind, str]) -> None:
        self._keys = {kind: UsableKey(key, mask=mask_api_key(key.reveal())) for kind, key in keys.items()}
        self._overrides = dict(overrides)

    def key_for(self, provider: ProviderConfig) -> UsableKey | None:
        """Return the key that may go to the host of ``provider``, None when there is none."""
        return self._keys.get(provider.kind) if self._meant_for(provider) else None

    def _meant_for(self, provider: ProviderConfig) -> bool:
        override = self._overrides.get(provider.kind)
        if provider.base_url is None or provider.base_url.rstrip("/") == override:
            return True
        parts = urlsplit(provider.base_url)
        return parts.scheme == "https" and parts.netloc.lower() == VENDOR_HOSTS[provider.kind]


def environment_keys(settings: Settings) -> EnvironmentKeys:
    """Return the keys that ``settings`` hold."""
    keys: dict[ProviderKind, Secret | None] = {
        "openai": settings.openai_api_key,
        "anthropic": settings.anthropic_api_key,
    }
    return EnvironmentKeys({kind: key for kind, key in keys.items() if key is not None}, base_urls(settings))


def base_urls(settings: Settings) -> dict[ProviderKind, str]:
    """Return the upstream overrides by kind."""
    urls: dict[ProviderKind, str | None] = {
        "openai": settings.openai_base_url,
        "anthropic": settings.anthropic_base_url,
    }
    return {kind: url for kind, url in urls.items() if url is not None}


def upstream_rule(settings: Settings) -> UpstreamRule:
    """Return where providers may be, as the environment says."""
    return UpstreamRule(allowed=settings.allowed_upstreams, trusted=base_urls(settings))


def stored_keys(settings: Settings, config: ConfigSource, manager: KeyManager, known: KnownSecrets) -> StoredKeys:
    """Return the keys of the environment and those of the store, in the order of choice."""
    return StoredKeys(config, manager, environment_keys(settings).key_for, known)


def followed_keys(
    settings: Settings,
    store: Store,
    manager: KeyManager,
    known: KnownSecrets,
    clock: Clock,
    followers: Followers,
    stack: AsyncExitStack,
) -> StoredKeys:
    """Return what :func:`stored_keys` does, with a note in the store of when each was used until ``stack`` ends."""
    keys = stored_keys(settings, store.config, manager, known)
    notes = KeyUseNotes(keys.used, store.provider_keys, clock)
    stack.push_async_callback(notes.note)
    followers.plain(stack, "key_use", "The notes on keys", "When keys were last used is not shown.", notes.run)
    return keys


def provider_key_desk(
    store: Store,
    vault: Vault,
    standing: Callable[[ProviderConfig], StandingKeys],
    trail: ActionTrail,
    clock: Clock,
) -> ProviderKeyDesk:
    """Return the facade of providers' keys."""
    return ProviderKeyDesk(
        ProviderKeyParts(
            config=store.config,
            store=store.provider_keys,
            use=store.provider_keys,
            manager=vault.keys,
            renew=vault.refresh,
            standing=standing,
            trail=trail,
            refresh=store.config.refresh,
            clock=clock,
        )
    )

"""Puts the facade of the configuration together over the store, for servers and for commands."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from router_core.admin.action_trail import ActionTrail
from router_core.admin.configuration import ConfigurationDesk, ConfigurationParts
from router_core.admin.configuration_views import ConnectionResult
from router_core.admin.provider_key_views import KeyView, StandingKeys
from router_core.admin.provider_keys import ProviderKeyDesk
from router_core.clock import Clock
from router_core.errors import KnownSecrets, OverloadedError
from router_core.ports import ConfigSource
from router_core.security.vault.vault import Vault
from router_core.types import ProviderConfig
from signalbox.environment_config import EnvironmentConfig
from signalbox.provider_keys import provider_key_desk, stored_keys, upstream_rule
from signalbox.settings import Settings
from signalbox.store import Store
from signalbox.tasks import background

if TYPE_CHECKING:
    from db.config_source import PollingConfigSource
    from router_core.redis_link import RedisLink

__all__ = ["command_configuration", "command_provider_keys", "push_revisions", "store_configuration"]

Ask = Callable[[ProviderConfig], Awaitable[ConnectionResult]]
KeyViews = Callable[[ProviderConfig], KeyView]


def store_configuration(
    settings: Settings, store: Store, served: ConfigSource, key: KeyViews, ask: Ask, trail: ActionTrail, clock: Clock
) -> ConfigurationDesk:
    """Return the facade of a server."""
    return ConfigurationDesk(
        ConfigurationParts(
            stored=store.config,
            served=served,
            versions=store.config_versions,
            drafts=store.config_drafts,
            accounts=store.accounts,
            key=key,
            upstreams=upstream_rule(settings),
            ask=ask,
            trail=trail,
            refresh=store.config.refresh,
            clock=clock,
        )
    )


def command_configuration(settings: Settings, store: Store, vault: Vault, clock: Clock) -> ConfigurationDesk:
    """Return the facade for a command, which acts straight on the store and calls no provider."""
    served, trail = EnvironmentConfig(store.config, settings), ActionTrail(store.actions, clock)
    keys = command_provider_keys(settings, store, vault, clock)
    return store_configuration(settings, store, served, keys.view, _refuse, trail, clock)


def command_provider_keys(settings: Settings, store: Store, vault: Vault, clock: Clock) -> ProviderKeyDesk:
    """Return the facade of providers' keys for a command."""
    source = stored_keys(settings, store.config, vault.keys, KnownSecrets())

    def standing(row: ProviderConfig) -> StandingKeys:
        return [(key, None) for key in source.keys_for(row)]

    return provider_key_desk(store, vault, standing, ActionTrail(store.actions, clock), clock)


def push_revisions(config: "PollingConfigSource", link: "RedisLink", clock: Clock, stack: AsyncExitStack) -> None:
    """Have changes made here told to other processes, and theirs looked at; ``stack`` ends it."""
    from router_core.configuration.revision_push import RevisionPush  # loads the client, for those who have a Redis

    push = RevisionPush(link, config.look, clock)
    config.tell = push.publish
    background(stack, push.run())


async def _refuse(_row: ProviderConfig) -> ConnectionResult:
    raise OverloadedError("A running server makes calls to providers")

"""Puts the facade of the configuration together over the store, for servers and for commands."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from router_core.admin.action_trail import ActionTrail
from router_core.admin.configuration import ConfigurationDesk, ConfigurationParts
from router_core.admin.configuration_views import ConnectionResult
from router_core.clock import Clock
from router_core.errors import OverloadedError
from router_core.ports import ConfigSource, KeySource
from router_core.types import ProviderConfig
from signalbox.environment_config import EnvironmentConfig
from signalbox.provider_keys import environment_keys, upstream_rule
from signalbox.settings import Settings
from signalbox.store import Store
from signalbox.tasks import background

if TYPE_CHECKING:
    from db.config_source import PollingConfigSource
    from router_core.redis_link import RedisLink

__all__ = ["command_configuration", "push_revisions", "store_configuration"]

Ask = Callable[[ProviderConfig], Awaitable[ConnectionResult]]


def store_configuration(
    settings: Settings, store: Store, served: ConfigSource, keys: KeySource, ask: Ask, trail: ActionTrail, clock: Clock
) -> ConfigurationDesk:
    """Return the facade of a server."""
    return ConfigurationDesk(
        ConfigurationParts(
            stored=store.config,
            served=served,
            versions=store.config_versions,
            drafts=store.config_drafts,
            accounts=store.accounts,
            keys=keys,
            upstreams=upstream_rule(settings),
            ask=ask,
            trail=trail,
            refresh=store.config.refresh,
            clock=clock,
        )
    )


def command_configuration(settings: Settings, store: Store, clock: Clock) -> ConfigurationDesk:
    """Return the facade for a command, which acts straight on the store and calls no provider."""
    served, keys, trail = (
        EnvironmentConfig(store.config, settings),
        environment_keys(settings),
        ActionTrail(store.actions, clock),
    )
    return store_configuration(settings, store, served, keys, _refuse, trail, clock)


def push_revisions(config: "PollingConfigSource", link: "RedisLink", clock: Clock, stack: AsyncExitStack) -> None:
    """Have changes made here told to other processes, and theirs looked at; ``stack`` ends it."""
    from router_core.configuration.revision_push import RevisionPush  # loads the client, for those who have a Redis

    push = RevisionPush(link, config.look, clock)
    config.tell = push.publish
    background(stack, push.run())


async def _refuse(_row: ProviderConfig) -> ConnectionResult:
    raise OverloadedError("A running server makes calls to providers")

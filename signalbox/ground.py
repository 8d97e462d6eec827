"""What one process stands on: settings, clock, keys, journal, store, configuration, prices and providers."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router_core.clock import Clock, SystemClock, new_ulid
from router_core.errors.known_secrets import KnownSecrets
from router_core.health.dependencies import DependencyRegister
from router_core.journal.folders import WriterFolder
from router_core.nodes.heartbeat import NodeCount
from router_core.ports import AdapterSource, ConfigSource, KeySource, PriceSource, Recorder
from router_core.providers.registry import AdapterRegistry
from router_core.rate_limiting.memory_limiter import undivided
from router_core.security.vault.master import RootSecret
from router_core.security.vault.steps import VaultParts
from router_core.security.vault.vault import Vault
from signalbox.audit_identity import AuditIdentity, audit_identity
from signalbox.configuration import push_revisions
from signalbox.data_dir import prepare_folder
from signalbox.environment_config import EnvironmentConfig
from signalbox.logs import mask_in_logs
from signalbox.nodes import Place
from signalbox.price_book import stored_prices
from signalbox.provider_keys import base_urls, followed_keys, upstream_rule
from signalbox.record_keeping import take_journal
from signalbox.redis import open_link
from signalbox.settings import Settings
from signalbox.store import Store, open_store
from signalbox.tasks import Followers
from signalbox.telemetry import telemetry_recorders
from signalbox.unlocking import unlock

if TYPE_CHECKING:
    from router_core.redis_link import RedisLink

__all__ = ["Ground", "Overrides", "lay_ground"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a caller puts in place of the real thing."""

    clock: Clock | None = None
    adapters: AdapterSource | None = None
    keys: KeySource | None = None
    prices: PriceSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What everything else is built on.

    ``node`` names this process among those on one store, for its lifetime; ``nodes`` counts those that share limits.
    ``share`` says by how many processes limits are divided where they are not shared.
    """

    settings: Settings
    clock: Clock
    root: RootSecret
    vault: Vault
    key_was_made: bool
    known: KnownSecrets
    folder: WriterFolder
    audit: AuditIdentity
    store: Store
    redis: "RedisLink | None"
    followers: Followers
    prices: PriceSource
    adapters: AdapterSource
    config: ConfigSource
    keys: KeySource
    telemetry: list[Recorder]
    node: str
    share: Callable[[], int]
    place: Place
    nodes: NodeCount

    def vault_parts(self) -> VaultParts:
        """Return what changes of keys work on."""
        store = self.store
        return VaultParts(vault=self.vault, store=store.vault, rows=store.sealed, nodes=store.nodes, clock=self.clock)


async def lay_ground(
    settings: Settings,
    chosen: Overrides,
    stack: AsyncExitStack,
    *,
    migrate: bool,
    needs_redis: bool,
    place: Place,
) -> Ground:
    """Open what a process stands on; ``stack`` closes it. Raises :class:`CommandFault` subclasses."""
    clock = chosen.clock or SystemClock()
    prepare_folder(settings.data_dir)
    unlocked = await asyncio.to_thread(unlock, settings, clock, migrate=migrate)
    root = unlocked.root
    folder = await take_journal(settings, clock)
    stack.callback(folder.release)
    audit = audit_identity(settings, root, folder.writer)
    store = await open_store(settings, clock, audit)
    stack.push_async_callback(store.close)
    followers = Followers(DependencyRegister(), clock)
    followers.keep(stack, store.watch.monitor, store.run)
    followers.keep(stack, store.config.monitor, store.config.run)
    vault, config = unlocked.vault(store.vault, clock), EnvironmentConfig(store.config, settings)
    followers.keep(stack, vault.monitor, vault.run)
    redis = await open_link(settings, clock, stack, followers.register, must_answer=needs_redis)
    if redis is not None:
        push_revisions(store.config, redis, clock, stack)
    known, nodes = KnownSecrets(), place.count()
    return Ground(
        settings=settings,
        clock=clock,
        root=root,
        vault=vault,
        key_was_made=unlocked.given.made,
        folder=folder,
        audit=audit,
        store=store,
        redis=redis,
        followers=followers,
        prices=chosen.prices or await stored_prices(store, clock),
        adapters=chosen.adapters or _registry(settings, clock, stack, known),
        config=config,
        known=known,
        keys=chosen.keys or followed_keys(settings, store, vault.keys, known, clock, followers, stack),
        telemetry=await telemetry_recorders(settings, config, stack),
        node=new_ulid(clock),
        place=place,
        nodes=nodes,
        share=nodes.share if place.divides or settings.redis_url is not None else undivided,
    )


def _registry(settings: Settings, clock: Clock, stack: AsyncExitStack, known: KnownSecrets) -> AdapterRegistry:
    for key in (settings.openai_api_key, settings.anthropic_api_key):
        if key is not None:
            known.add(key)
    stack.callback(mask_in_logs(known))
    registry = AdapterRegistry(
        clock=clock, base_urls=base_urls(settings), secrets=known, egress=upstream_rule(settings).egress()
    )
    stack.push_async_callback(registry.close)
    return registry

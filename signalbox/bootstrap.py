"""The one place where everything is put together; tests call the same function with fakes."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from router_core.admin.access import AccessDesks
from router_core.admin.cache_desk import CacheDesk
from router_core.admin.configuration import ConfigurationDesk
from router_core.admin.encryption import EncryptionDesk
from router_core.admin.key_desk import KeyDesk
from router_core.admin.limit_desk import LimitDesk
from router_core.admin.money import MoneyDesks
from router_core.admin.nodes import NodeDesk
from router_core.admin.operations import Operations
from router_core.admin.provider_keys import ProviderKeyDesk
from router_core.admin.tool_servers import ToolServerDesk
from router_core.budgets.guard import LeasedBudget
from router_core.cache.response_cache import AnswerCache
from router_core.clock import Clock
from router_core.health.board import HealthBoard
from router_core.idempotency.answers import IdempotentAnswers
from router_core.journal.sealing import SealedEvents
from router_core.metrics.live import LiveMetrics
from router_core.metrics.overlay import PendingEvents
from router_core.metrics.recorders import FanOutRecorder, RecentEvents
from router_core.ports import (
    AccountStore,
    AdapterSource,
    ApiKeyStore,
    AuditExporter,
    AuditReader,
    BudgetSettings,
    BudgetStore,
    ConfigSource,
    PriceSource,
    SessionStore,
    UserStore,
)
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.router import Router
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.password_room import PasswordRoom
from router_core.security.passwords import Argon2Passwords
from router_core.security.sessions import SessionGate
from router_core.security.vault.master import RootSecret
from router_core.types import DependencyReport
from signalbox.access import access_desks
from signalbox.alerting import AlertRoom
from signalbox.caching import cache_desk, open_cache
from signalbox.configuration import store_configuration
from signalbox.ground import Ground, Overrides, lay_ground
from signalbox.idempotency import open_answers
from signalbox.keys import KeyRoom, open_keys
from signalbox.limiting import limit_desk, open_limiter
from signalbox.money import MoneyParts, store_money
from signalbox.nodes import NOWHERE, Place, join_nodes
from signalbox.operators_desk import DeskParts, OperatorsDesk
from signalbox.provider_keys import provider_key_desk
from signalbox.readiness import Readiness
from signalbox.record_keeping import RecordKeeping, RecordParts, open_record
from signalbox.resilience_settings import router_policy
from signalbox.settings import Settings
from signalbox.store import store_faults
from signalbox.tasks import background
from signalbox.tool_servers import ToolRoom, open_tools

if TYPE_CHECKING:
    from router_core.rate_limiting.redis_rate_limiter import RedisLimiter
    from router_core.redis_link import RedisLink

__all__ = ["Overrides", "Runtime", "build", "key_pepper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that one process runs on; it belongs to the event loop that built it."""

    settings: Settings
    clock: Clock
    config: ConfigSource
    router: Router
    cache: AnswerCache
    cache_desk: CacheDesk
    limit_desk: LimitDesk
    encryption: EncryptionDesk
    idempotency: IdempotentAnswers
    adapters: AdapterSource
    events: RecentEvents
    recording: RecordKeeping
    audit: AuditReader
    exporter: AuditExporter
    live: LiveMetrics
    started: datetime
    health: HealthBoard
    operations: Operations
    money: MoneyDesks
    configuration: ConfigurationDesk
    provider_keys: ProviderKeyDesk
    tool_servers: ToolServerDesk
    budget: LeasedBudget
    limiter: "MemoryLimiter | RedisLimiter"
    limits: BudgetSettings
    budgets: BudgetStore
    desk: OperatorsDesk
    prices: PriceSource
    accounts: AccountStore
    users: UserStore
    api_keys: ApiKeyStore
    sessions: SessionStore
    access: AccessDesks
    passwords: PasswordRoom
    authenticator: KeyAuthenticator
    key_desk: KeyDesk
    session_gate: SessionGate
    readiness: Readiness
    dependencies: Callable[[], DependencyReport]
    nodes: NodeDesk
    redis: "RedisLink | None"
    pepper: bytes
    key_was_made: bool
    close: Callable[[], Awaitable[None]]


async def build(
    settings: Settings,
    *,
    migrate: bool = True,
    needs_redis: bool = True,
    overrides: Overrides | None = None,
    place: Place = NOWHERE,
) -> Runtime:
    """Put a runtime together on the running loop, with its configuration following the store.

    A process that ``needs_redis`` does not start while a Redis that it is given is away; every process goes on without.
    A process that serves says at which ``place``, and is listed among the nodes.
    Raises :class:`CommandFault` subclasses when something that it stands on cannot be had.
    """
    async with AsyncExitStack() as stack:
        chosen = overrides or Overrides()
        ground = await lay_ground(settings, chosen, stack, migrate=migrate, needs_redis=needs_redis, place=place)
        parts = await _parts(ground, stack)
        closing = AsyncExitStack()
        runtime = _assemble(parts, closing.aclose)
        await runtime.desk.open(runtime.router, stack)
        parts.keys.start(stack)
        background(stack, runtime.live.warm())
        await join_nodes(runtime, ground, stack)
        closing.push_async_callback(stack.pop_all().aclose)
        return runtime


@dataclass(frozen=True, slots=True)
class _Parts:
    """What :func:`_assemble` starts from."""

    ground: Ground
    desk: OperatorsDesk
    record: RecordKeeping
    budget: LeasedBudget
    pending: PendingEvents
    money: MoneyParts
    cache: AnswerCache
    limiter: "MemoryLimiter | RedisLimiter"
    keys: KeyRoom
    pepper: bytes
    encryption: EncryptionDesk
    tools: ToolRoom


async def _parts(ground: Ground, stack: AsyncExitStack) -> _Parts:
    settings, clock, store, config = ground.settings, ground.clock, ground.store, ground.config
    writer = ground.folder.writer
    desk = OperatorsDesk(
        DeskParts(
            settings=settings, clock=clock, store=store, config=config, keys=ground.keys, prices=ground.prices,
            adapters=ground.adapters, followers=ground.followers, node=ground.node,
        )
    )  # fmt: skip
    pending = PendingEvents()
    budget = LeasedBudget(store.budgets, lambda: config.snapshot().budgets, clock, writer=writer, node=ground.node)
    with store_faults():
        record = await open_record(settings, ground.folder, _record_parts(ground, pending, desk, budget))
    record.start(stack, ground.followers)
    stack.push_async_callback(budget.close)
    ground.followers.keep(stack, budget.monitor, budget.run)
    alerts = AlertRoom(settings, store, ground.root, desk.trail, clock)
    alerts.start(stack, ground.followers)
    money = MoneyParts(
        store=store, config=config, prices=ground.prices, alerts=alerts.desk, trail=desk.trail,
        settled=budget.settled, catch_up=record.recorder.catch_up, request_timeout=settings.request_timeout_s,
        clock=clock,
    )  # fmt: skip
    pepper, encryption = key_pepper(ground.root), EncryptionDesk(ground.vault_parts(), desk.trail)
    stack.push_async_callback(encryption.close)
    return _Parts(
        ground, desk, record, budget, pending, money, open_cache(ground, stack), open_limiter(ground, stack),
        open_keys(ground, pepper, desk.trail), pepper, encryption, open_tools(ground, desk.trail, stack),
    )  # fmt: skip


def _assemble(parts: _Parts, close: Callable[[], Awaitable[None]]) -> Runtime:
    ground, desk, settings = parts.ground, parts.desk, parts.ground.settings
    clock, store, events = ground.clock, ground.store, RecentEvents()
    router = _router(parts, events)
    provider_keys = provider_key_desk(store, ground.vault, router.keys.all, desk.trail, clock)
    live = LiveMetrics(store.metrics, parts.pending, clock, lambda: (router.in_flight, router.streams))
    gate, passwords = SessionGate(store.sessions, clock), PasswordRoom(Argon2Passwords())
    return Runtime(
        settings=settings, clock=clock, config=ground.config, router=router, cache=parts.cache,
        cache_desk=cache_desk(ground, parts.cache, desk.trail),
        limit_desk=limit_desk(store, parts.limiter, desk.trail, clock),
        encryption=parts.encryption, idempotency=open_answers(ground),
        adapters=ground.adapters, events=events, recording=parts.record,
        audit=store.audit, exporter=store.exporter, live=live,
        started=clock.utcnow(), health=desk.health,
        operations=desk.attend(router, live.reset),
        money=store_money(parts.money),
        configuration=_configuration(ground, desk, provider_keys), provider_keys=provider_keys,
        tool_servers=parts.tools.desk,
        budget=parts.budget, limiter=parts.limiter, limits=store.limits, budgets=store.budgets,
        desk=desk,
        prices=ground.prices,
        accounts=store.accounts, users=store.users, api_keys=store.api_keys, sessions=store.sessions,
        access=access_desks(store, passwords, desk.trail, gate, settings.timezone, clock),
        passwords=passwords,
        authenticator=parts.keys.authenticator,
        key_desk=parts.keys.desk,
        session_gate=gate,
        readiness=Readiness(),
        dependencies=ground.followers.register.report,
        nodes=NodeDesk(store.nodes, ground.place.name),
        redis=ground.redis,
        pepper=parts.pepper,
        key_was_made=ground.key_was_made,
        close=close,
    )  # fmt: skip


def _configuration(ground: Ground, desk: OperatorsDesk, keys: ProviderKeyDesk) -> ConfigurationDesk:
    settings, ask = ground.settings, desk.connection_test()
    return store_configuration(settings, ground.store, ground.config, keys.view, ask, desk.trail, ground.clock)


def _router(parts: _Parts, events: RecentEvents) -> Router:
    ground = parts.ground
    return Router(
        config=ground.config,
        adapters=parts.desk.adapters,
        keys=ground.keys,
        prices=ground.prices,
        recorder=FanOutRecorder(parts.record.recorder, events, *parts.desk.recorders, *ground.telemetry),
        journal=parts.record.journal,
        budget=parts.budget,
        cache=parts.cache,
        limiter=parts.limiter,
        clock=ground.clock,
        policy=router_policy(ground.settings),
        node=ground.node,
        tools=parts.tools.servers,
    )


def _record_parts(ground: Ground, pending: PendingEvents, desk: OperatorsDesk, budget: LeasedBudget) -> RecordParts:
    return RecordParts(
        store=ground.store.events,
        heads=ground.audit.heads,
        overlay=pending,
        seal=SealedEvents(ground.root.derive("journal")),
        on_gap=desk.note_gap,
        reclaim=budget.reclaim,
        clock=ground.clock,
    )


def key_pepper(root: RootSecret) -> bytes:
    """Return what API keys are hashed with."""
    return root.derive("api key pepper")

"""The one place where everything is put together; tests call the same function with fakes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from router_core.admin.money import MoneyDesks
from router_core.admin.operations import Operations
from router_core.budgets.guard import LeasedBudget
from router_core.clock import Clock, SystemClock, new_ulid
from router_core.errors.known_secrets import KnownSecrets
from router_core.health.board import HealthBoard
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
    KeySource,
    PasswordHasher,
    PriceSource,
    Recorder,
    SessionStore,
    UserStore,
)
from router_core.providers.registry import AdapterRegistry
from router_core.router import Router
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.passwords import Argon2Passwords
from router_core.security.sessions import SessionGate
from signalbox.alerting import AlertRoom
from signalbox.audit_identity import AuditIdentity, audit_identity
from signalbox.data_dir import prepare_folder
from signalbox.environment_config import EnvironmentConfig
from signalbox.master_key import MasterKey, load_master_key
from signalbox.money import MoneyParts, store_money
from signalbox.operators_desk import DeskParts, OperatorsDesk
from signalbox.price_book import stored_prices
from signalbox.provider_keys import base_urls, environment_keys
from signalbox.readiness import Readiness
from signalbox.record_keeping import RecordKeeping, RecordParts, open_record, take_journal
from signalbox.resilience_settings import router_policy
from signalbox.settings import Settings
from signalbox.store import Store, open_store, store_faults
from signalbox.tasks import background
from signalbox.telemetry import telemetry_recorders

__all__ = ["Overrides", "Runtime", "build", "key_pepper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a caller puts in place of the real thing."""

    clock: Clock | None = None
    adapters: AdapterSource | None = None
    keys: KeySource | None = None
    prices: PriceSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that one process runs on; it belongs to the event loop that built it."""

    settings: Settings
    clock: Clock
    config: ConfigSource
    router: Router
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
    budget: LeasedBudget
    limits: BudgetSettings
    budgets: BudgetStore
    desk: OperatorsDesk
    prices: PriceSource
    accounts: AccountStore
    users: UserStore
    api_keys: ApiKeyStore
    sessions: SessionStore
    hasher: PasswordHasher
    authenticator: KeyAuthenticator
    session_gate: SessionGate
    readiness: Readiness
    pepper: bytes
    key_was_made: bool
    close: Callable[[], Awaitable[None]]


async def build(settings: Settings, *, migrate: bool = True, overrides: Overrides | None = None) -> Runtime:
    """Put a runtime together on the running loop, with its configuration following the store.

    Raises :class:`CommandFault` subclasses when something that it stands on cannot be had.
    """
    chosen = overrides or Overrides()
    clock = chosen.clock or SystemClock()
    prepare_folder(settings.data_dir)
    master = await asyncio.to_thread(load_master_key, settings)
    async with AsyncExitStack() as stack:
        folder = await take_journal(settings, clock)
        stack.callback(folder.release)
        audit = audit_identity(settings, master, folder.writer)
        store = await open_store(settings, clock, audit, migrate=migrate)
        stack.push_async_callback(store.close)
        background(stack, store.config.run())
        prices = chosen.prices or await stored_prices(store, clock)
        adapters = chosen.adapters or _registry(settings, clock, stack)
        config, keys = EnvironmentConfig(store.config, settings), chosen.keys or environment_keys(settings)
        node = new_ulid(clock)
        desk = OperatorsDesk(
            DeskParts(
                settings=settings, clock=clock, store=store, config=config, keys=keys, prices=prices,
                adapters=adapters, node=node,
            )
        )  # fmt: skip
        telemetry = await telemetry_recorders(settings, config, stack)
        pending = PendingEvents()
        budget = LeasedBudget(store.budgets, lambda: config.snapshot().budgets, clock, writer=folder.writer, node=node)
        with store_faults():
            record = await open_record(settings, folder, _record_parts(store, audit, pending, desk, budget, clock))
        record.start(stack)
        stack.push_async_callback(budget.close)
        background(stack, budget.run())
        alerts = AlertRoom(settings, store, master, desk.trail, clock)
        alerts.start(stack)
        money = MoneyParts(
            store=store, config=config, prices=prices, alerts=alerts.desk, trail=desk.trail, settled=budget.settled,
            catch_up=record.recorder.catch_up, request_timeout=settings.request_timeout_s, clock=clock,
        )  # fmt: skip
        parts = _Parts(
            settings, clock, store, master, adapters, prices, config, keys, desk, record, budget, pending, telemetry,
            money, node,
        )  # fmt: skip
        closing = AsyncExitStack()
        runtime = _assemble(parts, closing.aclose)
        await runtime.desk.open(runtime.router, stack)
        background(stack, runtime.live.warm())
        closing.push_async_callback(stack.pop_all().aclose)
        return runtime


@dataclass(frozen=True, slots=True)
class _Parts:
    """What :func:`_assemble` starts from. ``node`` names this process among those on one store, for its lifetime."""

    settings: Settings
    clock: Clock
    store: Store
    master: MasterKey
    adapters: AdapterSource
    prices: PriceSource
    config: ConfigSource
    keys: KeySource
    desk: OperatorsDesk
    record: RecordKeeping
    budget: LeasedBudget
    pending: PendingEvents
    telemetry: list[Recorder]
    money: MoneyParts
    node: str


def _assemble(parts: _Parts, close: Callable[[], Awaitable[None]]) -> Runtime:
    settings, clock, store, desk = parts.settings, parts.clock, parts.store, parts.desk
    events, pepper = RecentEvents(), key_pepper(parts.master)
    router = _router(parts, events)
    live = LiveMetrics(store.metrics, parts.pending, clock, lambda: (router.in_flight, router.streams))
    return Runtime(
        settings=settings,
        clock=clock,
        config=parts.config,
        router=router,
        adapters=parts.adapters,
        events=events,
        recording=parts.record,
        audit=store.audit,
        exporter=store.exporter,
        live=live,
        started=clock.utcnow(),
        health=desk.health,
        operations=desk.attend(router, live.reset),
        money=store_money(parts.money),
        budget=parts.budget,
        limits=store.limits,
        budgets=store.budgets,
        desk=desk,
        prices=parts.prices,
        accounts=store.accounts,
        users=store.users,
        api_keys=store.api_keys,
        sessions=store.sessions,
        hasher=Argon2Passwords(),
        authenticator=KeyAuthenticator(store.api_keys, store.accounts, pepper, clock),
        session_gate=SessionGate(store.sessions, clock),
        readiness=Readiness(),
        pepper=pepper,
        key_was_made=parts.master.made,
        close=close,
    )


def _router(parts: _Parts, events: RecentEvents) -> Router:
    return Router(
        config=parts.config,
        adapters=parts.desk.adapters,
        keys=parts.keys,
        prices=parts.prices,
        recorder=FanOutRecorder(parts.record.recorder, events, *parts.desk.recorders, *parts.telemetry),
        journal=parts.record.journal,
        budget=parts.budget,
        clock=parts.clock,
        policy=router_policy(parts.settings),
        node=parts.node,
    )


def _record_parts(
    store: Store, audit: AuditIdentity, pending: PendingEvents, desk: OperatorsDesk, budget: LeasedBudget, clock: Clock
) -> RecordParts:
    return RecordParts(
        store=store.events,
        heads=audit.heads,
        overlay=pending,
        on_gap=desk.note_gap,
        reclaim=budget.reclaim,
        clock=clock,
    )


def key_pepper(master: MasterKey) -> bytes:
    """Return what API keys are hashed with."""
    return master.derive("api key pepper")


def _registry(settings: Settings, clock: Clock, stack: AsyncExitStack) -> AdapterRegistry:
    secrets = KnownSecrets()
    for key in (settings.openai_api_key, settings.anthropic_api_key):
        if key is not None:
            secrets.add(key)
    registry = AdapterRegistry(clock=clock, base_urls=base_urls(settings), secrets=secrets)
    stack.push_async_callback(registry.close)
    return registry

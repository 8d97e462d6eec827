"""The store behind the ports: opened once, closed once, its failures told in one line."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from db.config_source import PollingConfigSource
from db.engine import make_engine
from db.errors import MigrationConflictError, MigrationError, StoreBusyError, StoreError
from db.hop import PATIENT_S, PROMPT_S, StoreHop, close_together
from db.migrate import SchemaStatus, schema_status, upgrade
from db.queries.audit_exporter import SqlAuditExporter
from db.queries.audit_reader import SqlAuditReader
from db.queries.chain_reader import SqlChainAuditor
from db.queries.charged import SqlRecordReader
from db.queries.spending import SqlSpendReader
from db.queries.usage import SqlUsageReader
from db.records.event_store import SqlEventStore
from db.records.metrics_store import SqlMetricsStore
from db.records.retention import SqlRetention
from db.stores import (
    SqlAccountStore,
    SqlActionLog,
    SqlAlertChannels,
    SqlAlertOutbox,
    SqlAlertReader,
    SqlAnswers,
    SqlApiKeyStore,
    SqlBreakerLog,
    SqlBudgetSettings,
    SqlBudgetStore,
    SqlCachePurges,
    SqlConfigDrafts,
    SqlConfigStore,
    SqlConfigVersions,
    SqlHealthHistory,
    SqlLeaseRegister,
    SqlLimitSettings,
    SqlNodeRegister,
    SqlPriceStore,
    SqlProviderKeyStore,
    SqlSealedRows,
    SqlSessionStore,
    SqlToolTokens,
    SqlTopUpStore,
    SqlUseCaseStore,
    SqlUserStore,
    SqlVaultStore,
)
from db.watch import StoreWatch
from router_core.clock import Clock
from router_core.ports import ContentSwitch
from router_core.types import DEFAULT_THRESHOLDS, DefaultBudgets, DefaultLimit
from signalbox.audit_identity import AuditIdentity
from signalbox.faults import ConflictFault, DependencyFault
from signalbox.settings import Settings

__all__ = [
    "Store",
    "default_budgets",
    "default_limit",
    "open_store",
    "prepare_schema",
    "require_current",
    "store_faults",
    "upgrade_store",
]


_PATIENT_THREADS: Final = 3


@dataclass(frozen=True, slots=True)
class Store:
    """The stores on one engine. ``config`` follows the store once its ``run`` is a task.

    Reports, batches and imports go through ``patient``, so that they never stand in the way of what is quick.
    """

    hop: StoreHop
    patient: StoreHop
    watch: StoreWatch
    accounts: SqlAccountStore
    users: SqlUserStore
    api_keys: SqlApiKeyStore
    sessions: SqlSessionStore
    breaker_log: SqlBreakerLog
    actions: SqlActionLog
    health_history: SqlHealthHistory
    events: SqlEventStore
    audit: SqlAuditReader
    exporter: SqlAuditExporter
    auditor: SqlChainAuditor
    metrics: SqlMetricsStore
    retention: SqlRetention
    use_cases: SqlUseCaseStore
    config_versions: SqlConfigVersions
    config_drafts: SqlConfigDrafts
    cache_purges: SqlCachePurges
    answers: SqlAnswers
    budgets: SqlBudgetStore
    limits: SqlBudgetSettings
    rates: SqlLimitSettings
    topups: SqlTopUpStore
    leases: SqlLeaseRegister
    spending: SqlSpendReader
    nodes: SqlNodeRegister
    vault: SqlVaultStore
    sealed: SqlSealedRows
    provider_keys: SqlProviderKeyStore
    tool_tokens: SqlToolTokens
    prices: SqlPriceStore
    record: SqlRecordReader
    usage: SqlUsageReader
    alerts: SqlAlertReader
    alert_channels: SqlAlertChannels
    outbox: SqlAlertOutbox
    content: ContentSwitch
    rows: SqlConfigStore
    config: PollingConfigSource

    async def close(self) -> None:
        """End the threads and the connections."""
        await asyncio.to_thread(close_together, self.patient, self.hop)

    async def run(self) -> None:
        """Probe the store until cancelled; while this runs nobody waits for a store that is known to be away."""
        await self.watch.run(self.hop.ping)


@contextmanager
def store_faults() -> Iterator[None]:
    """Turn what the store raises into faults: 4 for a second migration, 3 for a store that is out of reach."""
    try:
        yield
    except MigrationConflictError as error:
        raise ConflictFault(str(error)) from None
    except StoreBusyError as error:
        raise DependencyFault(f"the store is busy: {error.detail or error.message}") from None
    except (StoreError, MigrationError) as error:
        raise DependencyFault(f"the store cannot be used: {error}") from None


def upgrade_store(settings: Settings) -> SchemaStatus:
    """Bring the store to the newest schema; return where it was. Raises faults of :func:`store_faults`."""
    with store_faults():
        return upgrade(settings.store_url)


async def open_store(settings: Settings, clock: Clock, audit: AuditIdentity) -> Store:
    """Open the store with its configuration loaded; what is done through it is on record as done by ``audit``.

    Its schema must be the newest. Raises :class:`DependencyFault`.
    """
    with store_faults():
        store = _stores(settings, clock, audit)
        try:
            await store.config.look()
        except BaseException:
            await store.close()
            raise
    return store


def _stores(settings: Settings, clock: Clock, audit: AuditIdentity) -> Store:
    engine, watch = make_engine(settings.store_url), StoreWatch(clock)
    hop = StoreHop(engine, patience=PROMPT_S, watch=watch)
    patient = StoreHop(engine, threads=_PATIENT_THREADS, patience=PATIENT_S, watch=watch)
    configured = SqlConfigStore(hop, clock, default_budgets(settings), default_limit(settings))
    config = PollingConfigSource(configured, clock)
    return Store(
        hop=hop,
        patient=patient,
        watch=watch,
        accounts=SqlAccountStore(hop, clock),
        users=SqlUserStore(hop),
        api_keys=SqlApiKeyStore(hop),
        sessions=SqlSessionStore(hop),
        breaker_log=SqlBreakerLog(hop, clock),
        actions=SqlActionLog(hop, clock, audit.writer, audit.signer, audit.heads),
        health_history=SqlHealthHistory(hop, clock),
        events=SqlEventStore(patient, clock, audit.signer),
        audit=SqlAuditReader(patient, clock),
        exporter=SqlAuditExporter(engine),
        auditor=SqlChainAuditor(engine, audit.heads, audit.signer),
        metrics=SqlMetricsStore(patient),
        retention=SqlRetention(patient, clock, audit.signer),
        use_cases=SqlUseCaseStore(hop, clock),
        config_versions=SqlConfigVersions(patient, clock),
        config_drafts=SqlConfigDrafts(hop),
        cache_purges=SqlCachePurges(hop, clock),
        answers=SqlAnswers(hop, clock),
        budgets=SqlBudgetStore(hop, clock),
        limits=SqlBudgetSettings(hop, clock, default_budgets(settings).timezone),
        rates=SqlLimitSettings(hop, clock),
        topups=SqlTopUpStore(hop, clock),
        leases=SqlLeaseRegister(hop, clock),
        spending=SqlSpendReader(patient),
        nodes=SqlNodeRegister(hop, clock),
        vault=SqlVaultStore(hop, engine),
        sealed=SqlSealedRows(hop, clock),
        provider_keys=SqlProviderKeyStore(hop, clock),
        tool_tokens=SqlToolTokens(hop, clock),
        prices=SqlPriceStore(patient, clock),
        record=SqlRecordReader(patient),
        usage=SqlUsageReader(patient),
        alerts=SqlAlertReader(hop),
        alert_channels=SqlAlertChannels(hop, clock),
        outbox=SqlAlertOutbox(hop, clock),
        content=configured,
        rows=configured,
        config=config,
    )


def default_budgets(settings: Settings) -> DefaultBudgets:
    """Return what accounts without budgets of their own may spend."""
    percent = round(settings.budget_alert_percent)
    return DefaultBudgets(
        daily=settings.daily_budget,
        monthly=settings.monthly_budget,
        thresholds=tuple(sorted({*DEFAULT_THRESHOLDS, percent} - {0})),
        timezone=settings.timezone,
    )


def default_limit(settings: Settings) -> DefaultLimit:
    """Return how fast accounts without a limit of their own may ask."""
    return DefaultLimit(settings.rate_limit_rps, settings.rate_limit_burst)


def require_current(url: str) -> None:
    """Raise :class:`DependencyFault` unless the store has the schema of this code."""
    engine = make_engine(url)
    try:
        if schema_status(engine).state != "current":
            raise DependencyFault("the store has another schema; run: signalbox migrate")
    finally:
        engine.dispose()


def prepare_schema(url: str, *, migrate: bool) -> None:
    """Bring the schema up to date with ``migrate``; without, only an empty store is given one.

    Raises :class:`DependencyFault` for an older one, and what :func:`store_faults` turns into faults.
    """
    engine = make_engine(url)
    try:
        state = schema_status(engine).state
        if state == "behind" and not migrate:
            raise DependencyFault("the store has an older schema; run: signalbox migrate")
        if state != "current":
            upgrade(engine)
    finally:
        engine.dispose()

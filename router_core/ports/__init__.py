"""Everything the core needs from outside: Protocols of at most four methods, one file per kind of need.

Each port has an in-memory twin in product code, so the router runs without a database, and one conformance suite
(``tests/contract``) runs on the twin and on the real thing.
"""

from router_core.ports.alerts import (
    AlertChannels,
    AlertOutbox,
    AlertReader,
    AlertSender,
    Attempted,
    Claimed,
    DeliveryFilter,
    Sent,
)
from router_core.ports.budgets import BudgetGuard, BudgetSettings, BudgetStore, Hold, LeaseAnswer, LeaseAsk
from router_core.ports.configuration import ConfigDrafts, ConfigVersions
from router_core.ports.operations import ActionLog, BreakerLog, ContentSwitch, HealthHistory, HealthSlot, UseCaseStore
from router_core.ports.prices import ChargedRequest, PriceStore, RecordReader
from router_core.ports.readers import EventSource, HealthReader, ProviderHealth
from router_core.ports.recording import (
    AuditExporter,
    AuditReader,
    BatchResult,
    EventBatch,
    EventStore,
    ExportStream,
    HeadKeeper,
    Journal,
    JournalPosition,
    MetricsReader,
    MetricsStore,
    StoredMeasures,
)
from router_core.ports.request_path import (
    AdapterSource,
    ConfigSource,
    KeySource,
    PriceSource,
    ProviderAdapter,
    Recorder,
    ResponseCache,
)
from router_core.ports.spending import SpendBy, SpendHour, SpendReader
from router_core.ports.stores import (
    AccountRecord,
    AccountStore,
    ApiKeyRecord,
    ApiKeyStore,
    ConfigStore,
    PasswordHasher,
    SessionRecord,
    SessionStore,
    UserRecord,
    UserStore,
)
from router_core.ports.topups import LeaseRecord, LeaseRegister, TopUpStore
from router_core.ports.usage import MarkedHour, ModelHour, UsageBy, UsageReader

__all__ = [
    "AccountRecord",
    "AccountStore",
    "ActionLog",
    "AdapterSource",
    "AlertChannels",
    "AlertOutbox",
    "AlertReader",
    "AlertSender",
    "ApiKeyRecord",
    "ApiKeyStore",
    "Attempted",
    "AuditExporter",
    "AuditReader",
    "BatchResult",
    "BreakerLog",
    "BudgetGuard",
    "BudgetSettings",
    "BudgetStore",
    "ChargedRequest",
    "Claimed",
    "ConfigDrafts",
    "ConfigSource",
    "ConfigStore",
    "ConfigVersions",
    "ContentSwitch",
    "DeliveryFilter",
    "EventBatch",
    "EventSource",
    "EventStore",
    "ExportStream",
    "HeadKeeper",
    "HealthHistory",
    "HealthReader",
    "HealthSlot",
    "Hold",
    "Journal",
    "JournalPosition",
    "KeySource",
    "LeaseAnswer",
    "LeaseAsk",
    "LeaseRecord",
    "LeaseRegister",
    "MarkedHour",
    "MetricsReader",
    "MetricsStore",
    "ModelHour",
    "PasswordHasher",
    "PriceSource",
    "PriceStore",
    "ProviderAdapter",
    "ProviderHealth",
    "RecordReader",
    "Recorder",
    "ResponseCache",
    "Sent",
    "SessionRecord",
    "SessionStore",
    "SpendBy",
    "SpendHour",
    "SpendReader",
    "StoredMeasures",
    "TopUpStore",
    "UsageBy",
    "UsageReader",
    "UseCaseStore",
    "UserRecord",
    "UserStore",
]

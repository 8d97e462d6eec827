"""The ports of :mod:`router_core.ports` on SQL; each method is one transaction in a thread."""

from db.stores.accounts import SqlAccountStore
from db.stores.actions import SqlActionLog
from db.stores.alert_outbox import SqlAlertOutbox
from db.stores.alerts import SqlAlertChannels, SqlAlertReader
from db.stores.api_keys import SqlApiKeyStore
from db.stores.breaker_log import SqlBreakerLog
from db.stores.budget_settings import SqlBudgetSettings
from db.stores.budgets import SqlBudgetStore
from db.stores.cache_purges import SqlCachePurges
from db.stores.config import SqlConfigStore
from db.stores.config_drafts import SqlConfigDrafts
from db.stores.config_history import SqlConfigVersions
from db.stores.health_history import SqlHealthHistory
from db.stores.idempotent_answers import SqlAnswers
from db.stores.leases import SqlLeaseRegister
from db.stores.limit_settings import SqlLimitSettings
from db.stores.nodes import SqlNodeRegister
from db.stores.prices import SqlPriceStore
from db.stores.provider_keys import SqlProviderKeyStore
from db.stores.sessions import SqlSessionStore
from db.stores.tool_tokens import SqlToolTokens
from db.stores.topups import SqlTopUpStore
from db.stores.use_cases import SqlUseCaseStore
from db.stores.users import SqlUserStore
from db.stores.vault import SqlSealedRows, SqlVaultStore

__all__ = [
    "SqlAccountStore",
    "SqlActionLog",
    "SqlAlertChannels",
    "SqlAlertOutbox",
    "SqlAlertReader",
    "SqlAnswers",
    "SqlApiKeyStore",
    "SqlBreakerLog",
    "SqlBudgetSettings",
    "SqlBudgetStore",
    "SqlCachePurges",
    "SqlConfigDrafts",
    "SqlConfigStore",
    "SqlConfigVersions",
    "SqlHealthHistory",
    "SqlLeaseRegister",
    "SqlLimitSettings",
    "SqlNodeRegister",
    "SqlPriceStore",
    "SqlProviderKeyStore",
    "SqlSealedRows",
    "SqlSessionStore",
    "SqlToolTokens",
    "SqlTopUpStore",
    "SqlUseCaseStore",
    "SqlUserStore",
    "SqlVaultStore",
]

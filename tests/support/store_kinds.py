"""What the contract suites share: one implementation of every store port, and records to put in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from db.hop import StoreHop
from db.stores import (
    SqlAccountStore,
    SqlActionLog,
    SqlApiKeyStore,
    SqlBreakerLog,
    SqlCachePurges,
    SqlConfigDrafts,
    SqlConfigStore,
    SqlConfigVersions,
    SqlHealthHistory,
    SqlNodeRegister,
    SqlProviderKeyStore,
    SqlSessionStore,
    SqlToolTokens,
    SqlUseCaseStore,
    SqlUserStore,
)
from router_core.audit.head_files import MemoryHeads
from router_core.audit.signatures import ChainSigner
from router_core.configuration.memory_keys import MemoryProviderKeys
from router_core.configuration.memory_store import MemoryConfigStore
from router_core.configuration.memory_tokens import MemoryToolTokens
from router_core.health.memory_history import MemoryHealthHistory
from router_core.nodes.memory_register import MemoryNodeRegister
from router_core.ports import (
    AccountChanges,
    AccountRecord,
    AccountStore,
    ActionLog,
    ApiKeyLives,
    ApiKeyStore,
    BreakerLog,
    CachePurges,
    ConfigDrafts,
    ConfigStore,
    ConfigVersions,
    ContentSwitch,
    HealthHistory,
    KeyUseLog,
    NodeRegister,
    ProviderKeyStore,
    SessionRegister,
    SessionStore,
    ToolTokenStore,
    UseCaseStore,
    UserChanges,
    UserRecord,
    UserStore,
)
from router_core.resilience.memory_breaker_log import MemoryBreakerLog
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from tests.support.core_fakes import standard_providers
from tests.support.fake_clock import FakeClock

__all__ = ["NOW", "Stores", "account", "later", "memory_stores", "person", "sql_stores"]

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
AFTER_ANY_MIGRATION = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stores:
    """One implementation of every store port. ``clock`` stands at ``NOW``; it rules how long things are kept."""

    clock: FakeClock
    accounts: AccountStore
    account_changes: AccountChanges
    users: UserStore
    user_changes: UserChanges
    api_keys: ApiKeyStore
    key_lives: ApiKeyLives
    sessions: SessionStore
    session_register: SessionRegister
    config: ConfigStore
    versions: ConfigVersions
    drafts: ConfigDrafts
    content: ContentSwitch
    use_cases: UseCaseStore
    cache_purges: CachePurges
    breaker_log: BreakerLog
    actions: ActionLog
    health_history: HealthHistory
    nodes: NodeRegister
    provider_keys: ProviderKeyStore
    key_use: KeyUseLog
    tool_tokens: ToolTokenStore


def account(name: str, id: str | None = None) -> AccountRecord:
    """Return an account whose id is derived from its name."""
    return AccountRecord(id=id or f"id-{name}", name=name, timezone="UTC", is_active=True, created_at=NOW)


def person(email: str, *accounts: str, id: str | None = None) -> UserRecord:
    """Return a viewer."""
    return UserRecord(
        id=id or f"id-{email}",
        email=email,
        password_hash="$argon2id$",
        role="viewer",
        accounts=accounts,
        is_active=True,
        created_at=NOW,
    )


def later(seconds: float) -> datetime:
    """Return a moment after ``NOW``."""
    return NOW + timedelta(seconds=seconds)


def memory_stores() -> Stores:
    accounts = MemoryAccountStore()
    users = MemoryUserStore(accounts)
    clock = FakeClock(start=NOW)
    sessions = MemorySessionStore(users)
    config = MemoryConfigStore(accounts, standard_providers(), clock)
    keys = MemoryApiKeyStore(accounts)
    provider_keys = MemoryProviderKeys(config)
    return Stores(
        clock=clock,
        accounts=accounts,
        account_changes=accounts,
        users=users,
        user_changes=users,
        api_keys=keys,
        key_lives=keys,
        sessions=sessions,
        session_register=sessions,
        config=config,
        versions=config,
        drafts=config,
        content=config,
        use_cases=config,
        cache_purges=config,
        breaker_log=MemoryBreakerLog(clock),
        actions=MemoryActionLog(),
        health_history=MemoryHealthHistory(clock),
        nodes=MemoryNodeRegister(clock),
        provider_keys=provider_keys,
        key_use=provider_keys,
        tool_tokens=MemoryToolTokens(config),
    )


def sql_stores(hop: StoreHop) -> Stores:
    clock, config_clock = FakeClock(start=NOW), FakeClock(start=AFTER_ANY_MIGRATION)
    accounts, users, sessions = SqlAccountStore(hop, config_clock), SqlUserStore(hop), SqlSessionStore(hop)
    provider_keys = SqlProviderKeyStore(hop, config_clock)
    return Stores(
        clock=clock,
        accounts=accounts,
        account_changes=accounts,
        users=users,
        user_changes=users,
        api_keys=SqlApiKeyStore(hop),
        key_lives=SqlApiKeyStore(hop),
        sessions=sessions,
        session_register=sessions,
        config=SqlConfigStore(hop, config_clock),
        versions=SqlConfigVersions(hop, clock),
        drafts=SqlConfigDrafts(hop),
        content=SqlConfigStore(hop, config_clock),
        use_cases=SqlUseCaseStore(hop, config_clock),
        cache_purges=SqlCachePurges(hop, config_clock),
        breaker_log=SqlBreakerLog(hop, clock),
        actions=SqlActionLog(hop, clock, "tests", ChainSigner(b"k" * 32), MemoryHeads()),
        health_history=SqlHealthHistory(hop, clock),
        nodes=SqlNodeRegister(hop, clock),
        provider_keys=provider_keys,
        key_use=provider_keys,
        tool_tokens=SqlToolTokens(hop, config_clock),
    )

"""What the contract suites share: one implementation of every store port, and records to put in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from db.hop import StoreHop
from db.stores import SqlAccountStore, SqlApiKeyStore, SqlConfigStore, SqlSessionStore, SqlUserStore
from router_core.ports import (
    AccountRecord,
    AccountStore,
    ApiKeyStore,
    ConfigStore,
    SessionStore,
    UserRecord,
    UserStore,
)
from router_core.security.memory_stores import (
    MemoryAccountStore,
    MemoryApiKeyStore,
    MemoryConfigStore,
    MemorySessionStore,
    MemoryUserStore,
)
from tests.support.core_fakes import standard_providers
from tests.support.fake_clock import FakeClock

__all__ = ["NOW", "Stores", "account", "later", "memory_stores", "person", "sql_stores"]

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
AFTER_ANY_MIGRATION = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stores:
    """One implementation of every store port."""

    accounts: AccountStore
    users: UserStore
    api_keys: ApiKeyStore
    sessions: SessionStore
    config: ConfigStore


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
    return Stores(
        accounts=accounts,
        users=users,
        api_keys=MemoryApiKeyStore(accounts),
        sessions=MemorySessionStore(users),
        config=MemoryConfigStore(accounts, standard_providers()),
    )


def sql_stores(hop: StoreHop) -> Stores:
    return Stores(
        accounts=SqlAccountStore(hop),
        users=SqlUserStore(hop),
        api_keys=SqlApiKeyStore(hop),
        sessions=SqlSessionStore(hop),
        config=SqlConfigStore(hop, FakeClock(start=AFTER_ANY_MIGRATION)),
    )

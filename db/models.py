"""The tables. Ids are text made by the caller; every check here has a twin in the types of ``router_core``."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

__all__ = [
    "Account",
    "ApiKey",
    "ConfigState",
    "ConsoleSession",
    "FeatureFlag",
    "LlmProvider",
    "LoggedTransition",
    "StoredPolicy",
    "UptimeSlot",
    "UseCasePreference",
    "User",
    "UserAccount",
]


class Account(Base):
    """A tenant."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("name"), CheckConstraint("name <> ''", name="name"))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    timezone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    keeps_content: Mapped[bool] = mapped_column(server_default=false())
    redaction: Mapped[str] = mapped_column(server_default=text("'personal'"))
    removed_at: Mapped[datetime | None]


class User(Base):
    """A person."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email"),
        CheckConstraint("role IN ('owner', 'admin', 'operator', 'prompt_engineer', 'analyst', 'viewer')", name="role"),
        Index(None, "invitation_hash", unique=True),
        Index(None, "openid", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    must_change: Mapped[bool] = mapped_column(server_default=false())
    generation: Mapped[int] = mapped_column(server_default=text("1"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    invitation_hash: Mapped[bytes | None]
    invited_until: Mapped[datetime | None]
    openid: Mapped[str | None]


class UserAccount(Base):
    """Membership of a person in an account; position 0 is the default account."""

    __tablename__ = "user_accounts"
    __table_args__ = (
        UniqueConstraint("user_id", "position"),
        CheckConstraint("position >= 0", name="position"),
        Index(None, "account_id"),
    )

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    position: Mapped[int]


class ConsoleSession(Base):
    """A signed-in browser. The indexes serve "end all sessions of a person" and the sweep of old ones."""

    __tablename__ = "console_sessions"
    __table_args__ = (
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(server_default=text("''"))
    generation: Mapped[int] = mapped_column(server_default=text("1"))
    browser: Mapped[str] = mapped_column(server_default=text("''"))


class ApiKey(Base):
    """An API key; only a keyed hash of its secret is here."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("role IN ('service', 'admin')", name="role"), Index(None, "account_id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[str]
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    scopes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    replaced_by: Mapped[str | None]
    woken_at: Mapped[datetime | None]
    idle_since: Mapped[datetime | None]


class LlmProvider(Base):
    """A model at a vendor. ``max_tokens`` is its largest output, ``version`` counts the changes of this row.

    ``position`` is its place in the order in which equal candidates are tried.
    """

    __tablename__ = "llm_providers"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("provider IN ('openai', 'anthropic')", name="provider"),
        CheckConstraint("max_tokens > 0", name="max_tokens"),
        CheckConstraint("context_window >= max_tokens", name="context_window"),
        CheckConstraint("weight >= 0", name="weight"),
        CheckConstraint("version >= 1", name="version"),
        Index(None, "account_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    is_default: Mapped[bool] = mapped_column(server_default=false())
    use_case: Mapped[tuple[str, ...]]
    max_tokens: Mapped[int] = mapped_column(server_default=text("4096"))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    base_url: Mapped[str | None]
    capabilities: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    context_window: Mapped[int]
    limits: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    weight: Mapped[int] = mapped_column(server_default=text("100"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    position: Mapped[int] = mapped_column(server_default=text("0"))


class UseCasePreference(Base):
    """The model that serves a use case best."""

    __tablename__ = "use_case_preferences"
    __table_args__ = (CheckConstraint("use_case <> ''", name="use_case"),)

    use_case: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str]


class FeatureFlag(Base):
    """A live switch."""

    __tablename__ = "feature_flags"
    __table_args__ = (CheckConstraint("name IN ('llm', 'openai', 'anthropic')", name="name"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool] = mapped_column(server_default=true())


class ConfigState(Base):
    """One row: the revision that every change of configuration increments in its own transaction.

    ``price_release`` is the newest catalogue of prices that the book has seen.
    """

    __tablename__ = "config_state"
    __table_args__ = (
        CheckConstraint("id = 1", name="id"),
        CheckConstraint("revision >= 1", name="revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)
    price_release: Mapped[str] = mapped_column(server_default=text("''"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CachePurge(Base):
    """How often a part of the cache of answers was purged; empty text stands for every account or use case."""

    __tablename__ = "cache_purges"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    account_id: Mapped[str] = mapped_column(primary_key=True)
    use_case: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime]


class StoredPolicy(Base):
    """How a use case wants to be served, as JSON; part of the configuration."""

    __tablename__ = "use_case_policies"
    __table_args__ = (CheckConstraint("use_case <> ''", name="use_case"),)

    use_case: Mapped[str] = mapped_column(primary_key=True)
    policy: Mapped[dict[str, Any]]


class LoggedTransition(Base):
    """What a breaker did. ``position`` grows in the order of commits; a position is never given twice.

    The indexes serve the history by time, and the search for what operators forced.
    """

    __tablename__ = "breaker_transitions"
    __table_args__ = (
        UniqueConstraint("id"),
        CheckConstraint("id <> ''", name="id"),
        CheckConstraint("before IN ('CLOSED', 'OPEN', 'HALF_OPEN')", name="before"),
        CheckConstraint("after IN ('CLOSED', 'OPEN', 'HALF_OPEN')", name="after"),
        CheckConstraint(
            "cause IN ('failures_in_a_row', 'failure_rate', 'slow_calls', 'probe_failed', 'cooldown_over', "
            "'probes_succeeded', 'forced_open', 'forced_closed', 'force_ended', 'reset')",
            name="cause",
        ),
        Index(None, "at"),
        Index(None, "cause", "upstream", "at"),
        {"sqlite_autoincrement": True},  # else SQLite gives the position of the newest row again once it is deleted
    )

    position: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    id: Mapped[str]
    node: Mapped[str]
    upstream: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    cause: Mapped[str]
    detail: Mapped[str]
    actor: Mapped[str | None]
    at: Mapped[datetime]
    until: Mapped[datetime | None]


class UptimeSlot(Base):
    """Half an hour of a provider, added to by every process. The index serves reading by time and the sweep."""

    __tablename__ = "health_slots"
    __table_args__ = (
        CheckConstraint("provider <> ''", name="provider"),
        CheckConstraint("good >= 0", name="good"),
        CheckConstraint("bad >= 0", name="bad"),
        Index(None, "start"),
    )

    provider: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    good: Mapped[int]
    bad: Mapped[int]

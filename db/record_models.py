"""The record side of the store: audit log, ledger, usage and metrics, all written in one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.column_types import UtcMicros

__all__ = [
    "AuditCheckpoint",
    "AuditContent",
    "AuditRow",
    "AuditTrace",
    "AuditWord",
    "AuditWriter",
    "LedgerPost",
    "MetricEpoch",
    "MetricRollup",
    "MetricTotal",
    "UsageHour",
]

_POSITION = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself in INTEGER columns only


def _count() -> Any:
    return mapped_column(BigInteger, server_default=text("0"))


class AuditRow(Base):
    """One request or one administrative act. Never changed; only retention removes it, by whole checkpoints.

    ``trace_hash`` and ``content_hash`` are SHA-256 of what :class:`AuditTrace` and :class:`AuditContent` keep, so that
    those may go first. ``hash`` covers everything here but ``position``, and the hash of ``seq`` - 1 of the writer.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        UniqueConstraint("id"),
        UniqueConstraint("writer", "seq"),
        CheckConstraint("status IN ('success', 'error', 'cancelled', 'unknown')", name="status"),
        CheckConstraint("length(hash) = 32", name="hash"),
        Index(None, "at"),
        Index(None, "account_id", "at"),
        Index(None, "api_key", "at"),
        Index(None, "user_email", "at"),
        Index(None, "use_case", "at"),
        Index(None, "provider", "at"),
        Index(None, "model", "at"),
        Index(None, "status", "at"),
        Index(None, "event", "at"),
        Index(None, "request_id"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(_POSITION, primary_key=True)
    id: Mapped[str]
    writer: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcMicros)
    event: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[str | None]
    request_id: Mapped[str]
    account_id: Mapped[str | None]
    api_key: Mapped[str | None]
    user_email: Mapped[str | None]
    actor: Mapped[str]
    role: Mapped[str | None]
    address: Mapped[str]
    use_case: Mapped[str | None]
    provider: Mapped[str | None]
    model: Mapped[str | None]
    target: Mapped[str]
    input_tokens: Mapped[int] = _count()
    cache_read_tokens: Mapped[int] = _count()
    cache_write_tokens: Mapped[int] = _count()
    cache_write_1h_tokens: Mapped[int] = _count()
    output_tokens: Mapped[int] = _count()
    reasoning_tokens: Mapped[int] = _count()
    cost: Mapped[int | None] = mapped_column(BigInteger)
    estimated: Mapped[bool]
    latency_us: Mapped[int | None] = mapped_column(BigInteger)
    first_token_us: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    cached: Mapped[bool]
    streamed: Mapped[bool]
    trace_hash: Mapped[bytes | None]
    content_hash: Mapped[bytes | None]
    hash: Mapped[bytes]


class AuditTrace(Base):
    """The decision trace of a request, or the detail of an act, as JSON; kept for a shorter time than its row."""

    __tablename__ = "audit_traces"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcMicros)
    trace: Mapped[bytes]


class AuditContent(Base):
    """Prompt and answer of a request as JSON, where the account allows it; kept for a time of its own."""

    __tablename__ = "audit_contents"
    __table_args__ = (Index(None, "at"), Index(None, "account_id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(UtcMicros)
    content: Mapped[bytes]


class AuditWord(Base):
    """The full-text index: which rows hold a word. The index by position serves retention."""

    __tablename__ = "audit_words"
    __table_args__ = (Index(None, "position"), {"sqlite_with_rowid": False})

    word: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class AuditWriter(Base):
    """The end of one hash chain, locked by whoever appends to it, and how far its journal is in the store."""

    __tablename__ = "audit_writers"
    __table_args__ = (CheckConstraint("seq >= 0", name="seq"), CheckConstraint("length(hash) = 32", name="hash"))

    id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    segment: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    offset: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    updated_at: Mapped[datetime] = mapped_column(UtcMicros)


class AuditCheckpoint(Base):
    """A signed place in a chain: row ``seq`` has ``hash``, and rows up to it were written by ``at``.

    ``pruned_at`` says when retention removed all rows up to this one; ``signature`` covers all of it.
    """

    __tablename__ = "audit_checkpoints"
    __table_args__ = (CheckConstraint("length(hash) = 32", name="hash"),)

    writer: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(UtcMicros)
    pruned_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    key_id: Mapped[str]
    signature: Mapped[bytes]


class LedgerPost(Base):
    """Money that a request cost, in nano-dollars; one post for each request that cost something.

    ``price`` is the version of the price it was charged by, empty where it is not known.
    """

    __tablename__ = "ledger_posts"
    __table_args__ = (Index(None, "account_id", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(UtcMicros)
    amount: Mapped[int] = mapped_column(BigInteger)
    estimated: Mapped[bool]
    price: Mapped[str] = mapped_column(server_default=text("''"))


class UsageHour(Base):
    """What an account used in an hour; empty text stands for none in the key."""

    __tablename__ = "usage_hours"

    hour: Mapped[datetime] = mapped_column(UtcMicros, primary_key=True)
    account_id: Mapped[str] = mapped_column(primary_key=True)
    api_key: Mapped[str] = mapped_column(primary_key=True)
    use_case: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = _count()
    errors: Mapped[int] = _count()
    cached: Mapped[int] = _count()
    input_tokens: Mapped[int] = _count()
    cache_read_tokens: Mapped[int] = _count()
    cache_write_tokens: Mapped[int] = _count()
    cache_write_1h_tokens: Mapped[int] = _count()
    output_tokens: Mapped[int] = _count()
    reasoning_tokens: Mapped[int] = _count()
    cost: Mapped[int] = _count()
    unpriced: Mapped[int] = _count()


class _Measures:
    """What is counted of requests. Sketches are MessagePack maps from logarithmic bin to count."""

    requests: Mapped[int] = _count()
    successes: Mapped[int] = _count()
    errors: Mapped[int] = _count()
    cancelled: Mapped[int] = _count()
    unknown: Mapped[int] = _count()
    cached: Mapped[int] = _count()
    streamed: Mapped[int] = _count()
    retries: Mapped[int] = _count()
    failovers: Mapped[int] = _count()
    input_tokens: Mapped[int] = _count()
    cache_read_tokens: Mapped[int] = _count()
    cache_write_tokens: Mapped[int] = _count()
    cache_write_1h_tokens: Mapped[int] = _count()
    output_tokens: Mapped[int] = _count()
    reasoning_tokens: Mapped[int] = _count()
    cost: Mapped[int] = _count()
    unpriced: Mapped[int] = _count()
    latency_us: Mapped[int] = _count()
    errors_by_code: Mapped[bytes]
    latency: Mapped[bytes]
    first_token: Mapped[bytes]


class MetricRollup(_Measures, Base):
    """Requests that ended within ``span`` seconds from ``start``; spans are 60, 600 and 3,600."""

    __tablename__ = "metric_rollups"
    __table_args__ = (CheckConstraint("span IN (60, 600, 3600)", name="span"),)

    span: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(UtcMicros, primary_key=True)
    writer: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    use_case: Mapped[str] = mapped_column(primary_key=True)


class MetricTotal(_Measures, Base):
    """All requests since an epoch began."""

    __tablename__ = "metric_totals"

    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    writer: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    use_case: Mapped[str] = mapped_column(primary_key=True)


class MetricEpoch(Base):
    """A reset of the metrics; epoch 1 began with the store."""

    __tablename__ = "metric_epochs"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[datetime] = mapped_column(UtcMicros)
    actor: Mapped[str]

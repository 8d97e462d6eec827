"""The record side: audit log, ledger, usage and metrics.

Revision: 0003, after 0002. The first epoch of the metrics begins here. What operators did so far moves into the audit
log, as a chain of its own; the way back keeps no acts.
"""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import JsonObject, PlainText, UtcDateTime, UtcMicros
from router_core.audit.chain import GENESIS, next_hash
from router_core.clock import SystemClock

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = (
    "audit_log",
    "audit_traces",
    "audit_contents",
    "audit_words",
    "audit_writers",
    "audit_checkpoints",
    "ledger_posts",
    "usage_hours",
    "metric_rollups",
    "metric_totals",
    "metric_epochs",
)
_OLD_WRITER = "operators"
_TOKENS = (
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens",
)  # fmt: skip
_FILTERS = ("account_id", "api_key", "user_email", "use_case", "provider", "model", "status", "event")


def upgrade() -> None:
    """Make the tables, empty but for the first epoch."""
    _create_log()
    _create_details()
    _create_words()
    _create_chains()
    _create_money()
    _create_metrics()
    epochs = sa.table("metric_epochs", _number("number"), _moment("started_at"), _text("actor"))
    op.bulk_insert(epochs, [{"number": 1, "started_at": SystemClock().utcnow(), "actor": "system"}])
    _move_actions()
    op.drop_table("operator_actions")
    op.add_column("accounts", sa.Column("keeps_content", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop them, and make the table of actions again, empty."""
    for table in _TABLES:
        op.drop_table(table)
    _create_actions()
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("keeps_content")


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, PlainText(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcMicros(), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _switch(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _create_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(_text("id"), _text("writer"), _big("seq"), _moment("at"), _text("event"), _text("status")),
        *(_text("error_code", nullable=True), _text("request_id"), _text("account_id", nullable=True)),
        *(_text("api_key", nullable=True), _text("user_email", nullable=True), _text("actor")),
        *(_text("role", nullable=True), _text("address"), _text("use_case", nullable=True)),
        *(_text("provider", nullable=True), _text("model", nullable=True), _text("target")),
        *(_count(name) for name in _TOKENS),
        *(_big("cost", nullable=True), _switch("estimated"), _big("latency_us", nullable=True)),
        _big("first_token_us", nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        *(_switch("cached"), _switch("streamed"), _bytes("trace_hash", nullable=True)),
        *(_bytes("content_hash", nullable=True), _bytes("hash")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("id", name=op.f("uq_audit_log_id")),
        sa.UniqueConstraint("writer", "seq", name=op.f("uq_audit_log_writer_seq")),
        sa.CheckConstraint("status IN ('success', 'error', 'cancelled', 'unknown')", name=op.f("ck_audit_log_status")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_audit_log_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"])
    for name in _FILTERS:
        op.create_index(op.f(f"ix_audit_log_{name}_at"), "audit_log", [name, "at"])
    op.create_index(op.f("ix_audit_log_request_id"), "audit_log", ["request_id"])


def _create_details() -> None:
    op.create_table(
        "audit_traces",
        *(_text("id"), _moment("at"), _bytes("trace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_traces")),
    )
    op.create_index(op.f("ix_audit_traces_at"), "audit_traces", ["at"])
    op.create_table(
        "audit_contents",
        *(_text("id"), _text("account_id", nullable=True), _moment("at"), _bytes("content")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_contents")),
    )
    op.create_index(op.f("ix_audit_contents_at"), "audit_contents", ["at"])
    op.create_index(op.f("ix_audit_contents_account_id"), "audit_contents", ["account_id"])


def _create_words() -> None:
    op.create_table(
        "audit_words",
        *(_text("word"), _big("position")),
        sa.PrimaryKeyConstraint("word", "position", name=op.f("pk_audit_words")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_audit_words_position"), "audit_words", ["position"])


def _create_chains() -> None:
    op.create_table(
        "audit_writers",
        *(_text("id"), _big("seq"), _bytes("hash"), _count("segment"), _count("offset"), _moment("updated_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_writers")),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_audit_writers_seq")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_audit_writers_hash")),
    )
    op.create_table(
        "audit_checkpoints",
        *(_text("writer"), _big("seq"), _bytes("hash"), _moment("at"), _moment("pruned_at", nullable=True)),
        *(_text("key_id"), _bytes("signature")),
        sa.PrimaryKeyConstraint("writer", "seq", name=op.f("pk_audit_checkpoints")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_audit_checkpoints_hash")),
    )


def _create_money() -> None:
    op.create_table(
        "ledger_posts",
        *(_text("id"), _text("account_id", nullable=True), _moment("at"), _big("amount"), _switch("estimated")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_posts")),
    )
    op.create_index(op.f("ix_ledger_posts_account_id_at"), "ledger_posts", ["account_id", "at"])
    key = ("account_id", "api_key", "use_case", "provider", "model")
    op.create_table(
        "usage_hours",
        _moment("hour"),
        *(_text(name) for name in key),
        *(_count(name) for name in ("requests", "errors", "cached", *_TOKENS, "cost", "unpriced")),
        sa.PrimaryKeyConstraint("hour", *key, name=op.f("pk_usage_hours")),
    )


def _create_metrics() -> None:
    key = ("writer", "provider", "model", "use_case")
    op.create_table(
        "metric_rollups",
        *(_number("span"), _moment("start"), *(_text(name) for name in key), *_measures()),
        sa.PrimaryKeyConstraint("span", "start", *key, name=op.f("pk_metric_rollups")),
        sa.CheckConstraint("span IN (60, 600, 3600)", name=op.f("ck_metric_rollups_span")),
    )
    op.create_table(
        "metric_totals",
        *(_number("epoch"), *(_text(name) for name in key), *_measures()),
        sa.PrimaryKeyConstraint("epoch", *key, name=op.f("pk_metric_totals")),
    )
    op.create_table(
        "metric_epochs",
        *(_number("number"), _moment("started_at"), _text("actor")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_metric_epochs")),
    )


def _measures() -> list[sa.Column[Any]]:
    counts = ("requests", "successes", "errors", "cancelled", "unknown", "cached", "streamed", "retries", "failovers")
    sums = ("cost", "unpriced", "latency_us")
    return [
        *(_count(name) for name in (*counts, *_TOKENS, *sums)),
        *(_bytes(name) for name in ("errors_by_code", "latency", "first_token")),
    ]


def _actions() -> list[sa.Column[Any]]:
    return [
        _text("id"),
        sa.Column("at", UtcDateTime(), nullable=False),
        *(_text("actor"), _text("actor_id"), _text("role", nullable=True), _text("action"), _text("target")),
        sa.Column("detail", JsonObject(), nullable=False),
    ]


def _create_actions() -> None:
    op.create_table(
        "operator_actions",
        *_actions(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_actions")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_operator_actions_id")),
        sa.CheckConstraint("action <> ''", name=op.f("ck_operator_actions_action")),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'operator', 'prompt_engineer', 'analyst', 'viewer', 'service')",
            name=op.f("ck_operator_actions_role"),
        ),
    )
    op.create_index(op.f("ix_operator_actions_at"), "operator_actions", ["at"])


def _move_actions() -> None:
    old = sa.table("operator_actions", *_actions())
    found = op.get_bind().execute(sa.select(old).order_by(old.c.at, old.c.id)).mappings().all()
    rows, traces, end = [], [], GENESIS
    for seq, action in enumerate(found, 1):
        trace = json.dumps({"actor_id": action["actor_id"], "after": None, "before": None, "detail": action["detail"]})
        row = _audit_row(dict(action), seq, trace.encode())
        end = row["hash"] = next_hash(end, {**row, "at": _micros(action["at"])})
        rows.append(row)
        traces.append({"id": action["id"], "at": action["at"], "trace": trace.encode()})
    if not rows:
        return
    op.bulk_insert(_reflected("audit_log"), rows)
    op.bulk_insert(_reflected("audit_traces"), traces)
    writer = {"id": _OLD_WRITER, "seq": len(rows), "hash": end, "updated_at": rows[-1]["at"]}
    op.bulk_insert(_reflected("audit_writers"), [writer])


def _audit_row(action: dict[str, Any], seq: int, trace: bytes) -> dict[str, Any]:
    is_person = "@" in action["actor"]
    return {
        "id": action["id"],
        "writer": _OLD_WRITER,
        "seq": seq,
        "at": action["at"],
        "event": action["action"],
        "status": "success",
        "error_code": None,
        "request_id": "",
        "account_id": None,
        "api_key": None if is_person else action["actor_id"] or None,
        "user_email": action["actor"] if is_person else None,
        "actor": action["actor"],
        "role": action["role"],
        "address": "",
        "use_case": None,
        "provider": None,
        "model": None,
        "target": action["target"],
        **dict.fromkeys(_TOKENS, 0),
        "cost": 0,
        "estimated": False,
        "latency_us": None,
        "first_token_us": None,
        "attempts": 0,
        "cached": False,
        "streamed": False,
        "trace_hash": sha256(trace).digest(),
        "content_hash": None,
    }


def _reflected(name: str) -> sa.TableClause:
    moments = {"at": UtcMicros(), "updated_at": UtcMicros()}
    columns = sa.inspect(op.get_bind()).get_columns(name)
    return sa.table(name, *(sa.column(each["name"], moments.get(each["name"], each["type"])) for each in columns))


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

"""Alerts of every kind, the channels that carry them, and the outbox; when money was spent lately.

Revision: 0005, after 0004. Alerts of before are kept; nothing is delivered of them.
"""

from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, StringList, UtcMicros

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BATCH = 500
_OLD = sa.table(
    "budget_alerts",
    *(sa.column(name) for name in ("budget", "period", "threshold", "amount", "spent", "at")),
)
_NEW = sa.table(
    "alerts",
    *(sa.column(name) for name in ("id", "kind", "subject", "period", "threshold", "amount", "spent", "detail", "at")),
)


def upgrade() -> None:
    """Make the tables and bring the old alerts over."""
    _create_alerts()
    _create_channels()
    _create_deliveries()
    _bring_over()
    op.drop_table("budget_alerts")
    op.add_column("budget_pots", sa.Column("marks", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Go back to alerts of thresholds alone."""
    op.drop_column("budget_pots", "marks")
    _create_old_alerts()
    names = ("period", "threshold", "amount", "spent", "at")
    kept = sa.select(_NEW.c.subject, *(_NEW.c[name] for name in names)).where(_NEW.c.kind == "threshold")
    op.get_bind().execute(sa.insert(_OLD).from_select(["budget", *names], kept))
    for table in ("alert_deliveries", "alert_channels", "alerts"):
        op.drop_table(table)


def _text(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, PlainText(), nullable=False, primary_key=key)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcMicros(), nullable=nullable)


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        _text("id", key=True),
        _text("kind"),
        _text("subject"),
        _text("period"),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        _text("detail"),
        _moment("at"),
        sa.UniqueConstraint("kind", "subject", "period", "threshold", "amount"),
        sa.CheckConstraint(
            "kind IN ('threshold', 'burn_fast', 'burn_slow', 'overage', 'unpriced', 'spent_out')", name="kind"
        ),
        sa.CheckConstraint("threshold >= 0", name="threshold"),
    )
    op.create_index(None, "alerts", ["at"])
    op.create_index(None, "alerts", ["subject", "at"])


def _create_channels() -> None:
    op.create_table(
        "alert_channels",
        _text("id", key=True),
        _text("kind"),
        _text("target"),
        sa.Column("kinds", StringList(), nullable=False),
        sa.Column("account_id", PlainText(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("kind IN ('webhook', 'email')", name="kind"),
        sa.CheckConstraint("target <> ''", name="target"),
        sa.CheckConstraint("version >= 1", name="version"),
    )


def _create_deliveries() -> None:
    op.create_table(
        "alert_deliveries",
        _text("id", key=True),
        _text("alert_id"),
        _text("channel_id"),
        sa.Column("state", PlainText(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("next_at"),
        _moment("claimed_until", nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", PlainText(), server_default=sa.text("''"), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
    )
    op.create_index(None, "alert_deliveries", ["state", "next_at"])
    op.create_index(None, "alert_deliveries", ["alert_id"])
    op.create_index(None, "alert_deliveries", ["channel_id", "created_at"])
    op.create_index(None, "alert_deliveries", ["created_at"])


def _bring_over() -> None:
    bind = op.get_bind()
    found = bind.execute(sa.select(_OLD)).all()
    for start in range(0, len(found), _BATCH):
        bind.execute(sa.insert(_NEW), [_carried(row) for row in found[start : start + _BATCH]])


def _carried(row: Any) -> dict[str, Any]:
    key = "\x1f".join(("threshold", row.budget, row.period, str(row.threshold), str(row.amount)))
    return {
        "id": sha256(key.encode()).hexdigest()[:32], "kind": "threshold", "subject": row.budget, "period": row.period,
        "threshold": row.threshold, "amount": row.amount, "spent": row.spent, "detail": "", "at": row.at,
    }  # fmt: skip


def _create_old_alerts() -> None:
    op.create_table(
        "budget_alerts",
        _text("budget", key=True),
        _text("period", key=True),
        sa.Column("threshold", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        _moment("at"),
        sa.CheckConstraint("threshold >= 0", name="threshold"),
    )
    op.create_index(None, "budget_alerts", ["at"])

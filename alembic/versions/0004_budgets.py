"""Budgets: limits, what was spent of them in each period, the parts that processes hold, and alerts.

Revision: 0004, after 0003. What was spent before counts against no budget.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, StringList, UtcMicros

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("budgets", "budget_pots", "budget_leases", "budget_alerts")


def upgrade() -> None:
    """Make the tables, empty."""
    _create_budgets()
    _create_pots()
    _create_leases()
    _create_alerts()


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_table(table)


def _text(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, PlainText(), nullable=False, primary_key=key)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, UtcMicros(), nullable=False)


def _amount(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        _text("id", key=True),
        _text("scope"),
        _text("target"),
        _text("period"),
        _text("mode"),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("thresholds", StringList(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _moment("updated_at"),
        sa.UniqueConstraint("scope", "target", "period", "mode"),
        sa.CheckConstraint("scope IN ('installation', 'account', 'key', 'use_case', 'provider')", name="scope"),
        sa.CheckConstraint("period IN ('daily', 'monthly')", name="period"),
        sa.CheckConstraint("mode IN ('hard', 'soft', 'downgrade')", name="mode"),
        sa.CheckConstraint("amount >= 0", name="amount"),
        sa.CheckConstraint("version >= 1", name="version"),
    )


def _create_pots() -> None:
    op.create_table(
        "budget_pots",
        _text("budget", key=True),
        _text("period", key=True),
        _amount("spent"),
        _amount("leased"),
        _amount("overage"),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("thresholds", StringList(), nullable=False),
        _moment("touched_at"),
        sa.CheckConstraint("spent >= 0", name="spent"),
        sa.CheckConstraint("leased >= 0", name="leased"),
        sa.CheckConstraint("overage >= 0", name="overage"),
    )
    op.create_index(None, "budget_pots", ["touched_at"])


def _create_leases() -> None:
    op.create_table(
        "budget_leases",
        _text("id", key=True),
        _text("budget"),
        _text("period"),
        _text("writer"),
        _amount("amount"),
        _amount("posted"),
        _amount("settled"),
        sa.Column("closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("recalled", sa.Boolean(), server_default=sa.false(), nullable=False),
        _moment("ends_at"),
        sa.CheckConstraint("amount >= posted", name="amount"),
        sa.CheckConstraint("posted >= 0", name="posted"),
    )
    op.create_index(None, "budget_leases", ["writer"])
    op.create_index(None, "budget_leases", ["budget", "period"])


def _create_alerts() -> None:
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

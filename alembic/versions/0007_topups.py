"""Top-ups of budgets: who asked for how much until when, and what became of it.

Revision: 0007, after 0006.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcMicros

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "budget_topups",
        sa.Column("id", PlainText(), nullable=False, primary_key=True),
        _text("scope"),
        _text("target"),
        _text("period"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _text("reason"),
        sa.Column("ends_at", UtcMicros(), nullable=False),
        sa.Column("asked_at", UtcMicros(), nullable=False),
        _text("asked_by"),
        _text("asked_by_id"),
        _text("state"),
        sa.Column("decided_at", UtcMicros(), nullable=True),
        _text("decided_by"),
        _text("note"),
        _text("ended_by"),
        sa.CheckConstraint("scope IN ('installation', 'account', 'key', 'use_case', 'provider')", name="scope"),
        sa.CheckConstraint("period IN ('daily', 'monthly')", name="period"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("state IN ('pending', 'approved', 'denied', 'withdrawn', 'ended')", name="state"),
    )
    op.create_index(None, "budget_topups", ["state", "ends_at"])
    op.create_index(None, "budget_topups", ["scope", "target"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("budget_topups")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, PlainText(), nullable=False)

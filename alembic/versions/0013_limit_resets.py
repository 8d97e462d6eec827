"""How often the buckets of each target of rate limits began anew.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nothing was reset yet."""
    op.create_table(
        "limit_resets",
        sa.Column("scope", PlainText(), nullable=False, primary_key=True),
        sa.Column("target", PlainText(), nullable=False, primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("scope IN ('account', 'key', 'use_case', 'provider')", name="scope"),
        sa.CheckConstraint("number >= 1", name="number"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("limit_resets")

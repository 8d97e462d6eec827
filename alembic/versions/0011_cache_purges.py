"""How often each part of the cache of answers was purged.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nothing was purged yet."""
    op.create_table(
        "cache_purges",
        sa.Column("account_id", PlainText(), nullable=False, primary_key=True),
        sa.Column("use_case", PlainText(), nullable=False, primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number >= 1", name="number"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("cache_purges")

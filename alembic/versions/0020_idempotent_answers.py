"""Answers are kept under idempotency keys.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcMicros

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; no key was used yet."""
    op.create_table(
        "idempotent_answers",
        sa.Column("place", PlainText(), nullable=False, primary_key=True),
        sa.Column("account_id", PlainText(), nullable=False),
        sa.Column("body", PlainText(), nullable=False),
        sa.Column("lease", PlainText(), nullable=False),
        sa.Column("claimed_at", UtcMicros(), nullable=False),
        sa.Column("ends_at", UtcMicros(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("size >= 0", name="size"),
    )
    op.create_index(None, "idempotent_answers", ["account_id", "ends_at", "size"])
    op.create_index(None, "idempotent_answers", ["claimed_at"])


def downgrade() -> None:
    """Drop it: requests sent again run again."""
    op.drop_table("idempotent_answers")

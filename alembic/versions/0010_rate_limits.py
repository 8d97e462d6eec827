"""Rate limits of accounts, keys, use cases and providers, part of the configuration.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcMicros

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "rate_limits",
        sa.Column("scope", PlainText(), nullable=False, primary_key=True),
        sa.Column("target", PlainText(), nullable=False, primary_key=True),
        sa.Column("requests_per_second", sa.Double(), nullable=True),
        sa.Column("burst", sa.Integer(), nullable=True),
        sa.Column("tokens_per_minute", sa.Integer(), nullable=True),
        sa.Column("concurrency", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", UtcMicros(), nullable=False),
        sa.CheckConstraint("scope IN ('account', 'key', 'use_case')", name="scope"),
        sa.CheckConstraint("requests_per_second > 0", name="requests_per_second"),
        sa.CheckConstraint("burst >= 1", name="burst"),
        sa.CheckConstraint("tokens_per_minute >= 1", name="tokens_per_minute"),
        sa.CheckConstraint("concurrency >= 1", name="concurrency"),
        sa.CheckConstraint("version >= 1", name="version"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("rate_limits")

"""The processes that serve from this store, as each tells of itself.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXTS = ("name", "host", "kind", "version", "python", "schema", "limits", "redis")
COUNTS = (
    "pid", "revision", "in_flight", "streams", "pending", "pending_bytes", "lag_ms", "set_aside", "dropped",
    "loop_lag_ms", "store_ms",
)  # fmt: skip


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "nodes",
        sa.Column("id", PlainText(), nullable=False, primary_key=True),
        *(sa.Column(name, PlainText(), nullable=False) for name in TEXTS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        *(sa.Column(name, UtcDateTime(), nullable=False) for name in ("started_at", "seen_at")),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('up', 'worker')", name="kind"),
        sa.CheckConstraint("limits IN ('local', 'divided', 'redis')", name="limits"),
        sa.CheckConstraint("redis IN ('off', 'up', 'down')", name="redis"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("nodes")

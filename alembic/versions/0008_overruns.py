"""What calls cost beyond what was held for them, as their processes tell it before it is on record.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("beyond", "beyond_posted")


def upgrade() -> None:
    """Add the columns; leases from before tell of nothing."""
    for name in COLUMNS:
        op.add_column("budget_leases", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    """Drop them."""
    for name in reversed(COLUMNS):
        op.drop_column("budget_leases", name)

"""The price book, and the version of a price by which a request was charged.

Revision: 0006, after 0005. The book is filled from the catalogue by the first process that starts.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcMicros

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty, and the columns; posts from before do not say their price."""
    op.create_table(
        "prices",
        sa.Column("id", PlainText(), nullable=False, primary_key=True),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("model", PlainText(), nullable=False),
        sa.Column("provider", PlainText(), server_default=sa.text("''"), nullable=False),
        sa.Column("account_id", PlainText(), server_default=sa.text("''"), nullable=False),
        sa.Column("starts", UtcMicros(), nullable=False),
        sa.Column("tiers", PlainText(), nullable=False),
        sa.Column("source", PlainText(), nullable=False),
        sa.Column("made_by", PlainText(), server_default=sa.text("''"), nullable=False),
        sa.Column("made_at", UtcMicros(), nullable=False),
        sa.CheckConstraint("kind IN ('listed', 'own')", name="kind"),
        sa.CheckConstraint("model <> ''", name="model"),
    )
    op.create_index(None, "prices", ["model", "starts"])
    for table, column in (("ledger_posts", "price"), ("config_state", "price_release")):
        op.add_column(table, sa.Column(column, PlainText(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    """Drop them."""
    for table, column in (("config_state", "price_release"), ("ledger_posts", "price")):
        op.drop_column(table, column)
    op.drop_table("prices")

"""Accounts say what is taken out of their stored text.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; from now on personal data is taken out of what is stored of every account."""
    op.add_column("accounts", sa.Column("redaction", PlainText(), nullable=False, server_default=sa.text("'personal'")))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("accounts", "redaction")

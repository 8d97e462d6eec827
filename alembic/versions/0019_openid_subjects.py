"""People are bound to who they are at the sign-in provider.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; everybody is bound at their next sign-in with the provider."""
    op.add_column("users", sa.Column("openid", PlainText(), nullable=True))
    op.create_index("ix_users_openid", "users", ["openid"], unique=True)


def downgrade() -> None:
    """Drop it: the verified e-mail address alone names a person again."""
    op.drop_index("ix_users_openid", "users")
    op.drop_column("users", "openid")

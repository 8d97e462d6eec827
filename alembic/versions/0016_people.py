"""People change their first password, are invited, and have sessions of a generation; accounts can be removed.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nobody was invited, everybody keeps their password and their sessions."""
    op.add_column("accounts", sa.Column("removed_at", UtcDateTime(), nullable=True))
    op.add_column("users", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("generation", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("users", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("users", sa.Column("invitation_hash", sa.LargeBinary(), nullable=True))
    op.add_column("users", sa.Column("invited_until", UtcDateTime(), nullable=True))
    op.create_index("ix_users_invitation_hash", "users", ["invitation_hash"], unique=True)
    op.add_column(
        "console_sessions", sa.Column("generation", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.add_column("console_sessions", sa.Column("browser", PlainText(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Drop them: whoever is invited is so no more, and sessions that had been ended by a change are deleted."""
    op.execute(
        "DELETE FROM console_sessions WHERE generation <> "
        "(SELECT users.generation FROM users WHERE users.id = console_sessions.user_id)"
    )
    op.drop_column("console_sessions", "browser")
    op.drop_column("console_sessions", "generation")
    op.drop_index("ix_users_invitation_hash", "users")
    for name in ("invited_until", "invitation_hash", "version", "generation", "must_change"):
        op.drop_column("users", name)
    op.drop_column("accounts", "removed_at")

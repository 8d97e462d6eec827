"""What API keys may reach, which key replaced which, and which were used again after a long rest.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import JsonObject, PlainText, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ADDED = ("scopes", "replaced_by", "woken_at", "idle_since")


def upgrade() -> None:
    """Add the columns; keys that exist reach all that their role does."""
    op.add_column("api_keys", sa.Column("scopes", JsonObject(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("api_keys", sa.Column("replaced_by", PlainText(), nullable=True))
    op.add_column("api_keys", sa.Column("woken_at", UtcDateTime(), nullable=True))
    op.add_column("api_keys", sa.Column("idle_since", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Drop them, and end the keys that are limited: without their limits they would reach more."""
    keys = sa.table("api_keys", sa.column("scopes", JsonObject()), sa.column("revoked_at", UtcDateTime()))
    limited = sa.cast(keys.c.scopes, sa.Text()) != "{}"
    op.execute(keys.update().where(limited, keys.c.revoked_at.is_(None)).values(revoked_at=sa.func.now()))
    for name in _ADDED:
        op.drop_column("api_keys", name)

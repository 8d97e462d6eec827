"""Servers whose tools models may use, and their tokens.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import JsonObject, PlainText, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; no server is known yet."""
    op.create_table(
        "tool_servers",
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("server", JsonObject(), nullable=False),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tool_servers")),
    )
    op.create_table(
        "tool_tokens",
        sa.Column("server", PlainText(), nullable=False),
        sa.Column("id", PlainText(), nullable=False),
        sa.Column("account_id", PlainText(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("mask", PlainText(), nullable=False),
        sa.Column("place", PlainText(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", PlainText(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_version"], ["data_keys.open_version"], name=op.f("fk_tool_tokens_key_version_data_keys")
        ),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_tool_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_tool_tokens_id")),
    )


def downgrade() -> None:
    """Drop them; stored tokens are lost."""
    op.drop_table("tool_tokens")
    op.drop_table("tool_servers")

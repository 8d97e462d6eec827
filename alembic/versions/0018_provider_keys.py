"""Keys of providers have a table of their own, several for each provider; the columns that nothing filled are gone.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; no key is stored yet."""
    with op.batch_alter_table("llm_providers") as providers:
        providers.drop_constraint(op.f("ck_llm_providers_key_version"), type_="check")
        providers.drop_column("key_version")
        providers.drop_column("api_key_encrypted")
    op.create_table(
        "provider_keys",
        sa.Column("id", PlainText(), nullable=False),
        sa.Column("provider_id", PlainText(), nullable=False),
        sa.Column("account_id", PlainText(), nullable=True),
        sa.Column("label", PlainText(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("mask", PlainText(), nullable=False),
        sa.Column("place", PlainText(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False, server_default=sa.text("100")),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", PlainText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", PlainText(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("weight >= 1", name="weight"),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["llm_providers.id"],
            name=op.f("fk_provider_keys_provider_id_llm_providers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["key_version"], ["data_keys.open_version"], name=op.f("fk_provider_keys_key_version_data_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_keys")),
    )
    op.create_index(op.f("ix_provider_keys_provider_id"), "provider_keys", ["provider_id"])


def downgrade() -> None:
    """Drop it; stored keys are lost."""
    op.drop_table("provider_keys")
    with op.batch_alter_table("llm_providers") as providers:
        providers.add_column(sa.Column("api_key_encrypted", sa.LargeBinary(), nullable=True))
        providers.add_column(sa.Column("key_version", sa.Integer(), nullable=False, server_default=sa.text("1")))
        providers.create_check_constraint("key_version", "key_version >= 1")

"""The keys that seal stored secrets, and what nodes tell of those that they hold.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

from db.column_types import PlainText, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, with the first data key listed: the first start makes it, under its master key."""
    op.create_table(
        "vault",
        sa.Column("id", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="id"),
        sa.CheckConstraint("generation >= 1", name="generation"),
    )
    op.create_table(
        "master_slots",
        sa.Column("id", PlainText(), nullable=False, primary_key=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("canary", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "key_wraps",
        sa.Column(
            "slot",
            PlainText(),
            sa.ForeignKey("master_slots.id", name=op.f("fk_key_wraps_slot_master_slots"), ondelete="CASCADE"),
            nullable=False,
            primary_key=True,
        ),
        sa.Column("name", PlainText(), nullable=False, primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    data_keys = op.create_table(
        "data_keys",
        sa.Column("version", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("open_version", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("promoted_at", UtcDateTime(), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("state IN ('staged', 'primary', 'draining', 'retired')", name="state"),
        sa.CheckConstraint("(open_version IS NULL) = (state = 'retired')", name="open_version"),
        sa.UniqueConstraint("open_version", name=op.f("uq_data_keys_open_version")),
    )
    first = {"version": 1, "state": "primary", "open_version": 1, "created_at": sa.func.now()}
    op.execute(sa.insert(data_keys).values(first))
    op.add_column("nodes", sa.Column("key_generation", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("nodes", sa.Column("key_slot", PlainText(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Drop them; what is sealed cannot be read any more."""
    op.drop_column("nodes", "key_slot")
    op.drop_column("nodes", "key_generation")
    for table in ("data_keys", "key_wraps", "master_slots", "vault"):
        op.drop_table(table)

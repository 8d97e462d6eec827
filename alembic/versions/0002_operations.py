"""What operating leaves behind: transitions of breakers, operators' actions, uptime, policies of use cases.

Revision: 0002, after 0001.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import JsonObject, PlainText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("breaker_transitions", "operator_actions", "health_slots", "use_case_policies")


def upgrade() -> None:
    """Make the tables, empty."""
    _create_policies()
    _create_transitions()
    _create_actions()
    _create_slots()


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_table(table)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, PlainText(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _create_policies() -> None:
    op.create_table(
        "use_case_policies",
        _text("use_case"),
        sa.Column("policy", JsonObject(), nullable=False),
        sa.PrimaryKeyConstraint("use_case", name=op.f("pk_use_case_policies")),
        sa.CheckConstraint("use_case <> ''", name=op.f("ck_use_case_policies_use_case")),
    )


def _create_transitions() -> None:
    op.create_table(
        "breaker_transitions",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _text("id"),
        _text("node"),
        _text("upstream"),
        _text("before"),
        _text("after"),
        _text("cause"),
        _text("detail"),
        _text("actor", nullable=True),
        _moment("at"),
        _moment("until", nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_breaker_transitions")),
        sa.UniqueConstraint("id", name=op.f("uq_breaker_transitions_id")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_breaker_transitions_id")),
        sa.CheckConstraint("before IN ('CLOSED', 'OPEN', 'HALF_OPEN')", name=op.f("ck_breaker_transitions_before")),
        sa.CheckConstraint("after IN ('CLOSED', 'OPEN', 'HALF_OPEN')", name=op.f("ck_breaker_transitions_after")),
        sa.CheckConstraint(
            "cause IN ('failures_in_a_row', 'failure_rate', 'slow_calls', 'probe_failed', 'cooldown_over', "
            "'probes_succeeded', 'forced_open', 'forced_closed', 'force_ended', 'reset')",
            name=op.f("ck_breaker_transitions_cause"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_breaker_transitions_at"), "breaker_transitions", ["at"])
    op.create_index(
        op.f("ix_breaker_transitions_cause_upstream_at"), "breaker_transitions", ["cause", "upstream", "at"]
    )


def _create_actions() -> None:
    op.create_table(
        "operator_actions",
        _text("id"),
        _moment("at"),
        _text("actor"),
        _text("actor_id"),
        _text("role", nullable=True),
        _text("action"),
        _text("target"),
        sa.Column("detail", JsonObject(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_actions")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_operator_actions_id")),
        sa.CheckConstraint("action <> ''", name=op.f("ck_operator_actions_action")),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'operator', 'prompt_engineer', 'analyst', 'viewer', 'service')",
            name=op.f("ck_operator_actions_role"),
        ),
    )
    op.create_index(op.f("ix_operator_actions_at"), "operator_actions", ["at"])


def _create_slots() -> None:
    op.create_table(
        "health_slots",
        _text("provider"),
        _moment("start"),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "start", name=op.f("pk_health_slots")),
        sa.CheckConstraint("provider <> ''", name=op.f("ck_health_slots_provider")),
        sa.CheckConstraint("good >= 0", name=op.f("ck_health_slots_good")),
        sa.CheckConstraint("bad >= 0", name=op.f("ck_health_slots_bad")),
    )
    op.create_index(op.f("ix_health_slots_start"), "health_slots", ["start"])

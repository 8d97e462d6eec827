"""Versions and drafts of the configuration, and the order of providers.

Revision: 0009, after 0008. What is in force becomes the first version.
"""

import json
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import JsonObject, PlainText, StringList, UtcDateTime
from router_core.clock import SystemClock

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_LIMITS = ("max_concurrency", "requests_per_second", "burst", "tokens_per_minute")


def upgrade() -> None:
    """Make the tables, give providers their places, and write the first version."""
    op.create_table(
        "config_versions",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False, primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", PlainText(), nullable=False),
        sa.Column("note", PlainText(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("restored", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.CheckConstraint("base >= 0", name="base"),
    )
    op.create_table(
        "config_drafts",
        sa.Column("person_id", PlainText(), nullable=False, primary_key=True),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("note", PlainText(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("person_id <> ''", name="person_id"),
    )
    op.add_column("llm_providers", sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False))
    _place_providers()
    _write_first()


def downgrade() -> None:
    """Drop them."""
    op.drop_column("llm_providers", "position")
    op.drop_table("config_drafts")
    op.drop_table("config_versions")


def _providers() -> sa.TableClause:
    names = ("id", "name", "provider", "model", "account_id", "base_url")
    return sa.table(
        "llm_providers",
        *(sa.column(name, PlainText()) for name in names),
        *(sa.column(name, sa.Boolean()) for name in ("is_default", "is_active")),
        *(sa.column(name, sa.Integer()) for name in ("max_tokens", "context_window", "weight", "position")),
        *(sa.column(name, JsonObject()) for name in ("capabilities", "limits")),
        sa.column("use_case", StringList()),
        sa.column("created_at", UtcDateTime()),
    )


def _place_providers() -> None:
    table, bind = _providers(), op.get_bind()
    ids = bind.execute(sa.select(table.c.id).order_by(table.c.created_at, table.c.id)).scalars().all()
    for position, each in enumerate(ids):
        bind.execute(sa.update(table).where(table.c.id == each).values(position=position))


def _write_first() -> None:
    bind = op.get_bind()
    text = {"ensure_ascii": False, "separators": (",", ":")}
    versions = sa.table(
        "config_versions",
        *(sa.column(name, sa.BigInteger()) for name in ("revision", "base")),
        *(sa.column(name, PlainText()) for name in ("actor", "note")),
        sa.column("at", UtcDateTime()),
        sa.column("document", sa.LargeBinary()),
    )
    first = {
        "revision": bind.execute(sa.text("SELECT revision FROM config_state")).scalar_one(),
        "at": SystemClock().utcnow(),
        "actor": "system",
        "note": "The standard configuration",
        "base": 0,
        "document": zlib.compress(json.dumps(_document(bind), **text).encode()),
    }
    bind.execute(sa.insert(versions).values(first))


def _document(bind: sa.Connection) -> dict[str, Any]:
    flags = sa.table("feature_flags", sa.column("name"), sa.column("enabled", sa.Boolean()))
    preferences = sa.table("use_case_preferences", sa.column("use_case"), sa.column("model"))
    policies = sa.table("use_case_policies", sa.column("use_case"), sa.column("policy", JsonObject()))
    table = _providers()
    return {
        "flags": _named(bind, flags),
        "preferences": _named(bind, preferences),
        "policies": _named(bind, policies),
        "providers": [_entry(row) for row in bind.execute(sa.select(table).order_by(table.c.position)).mappings()],
    }


def _named(bind: sa.Connection, table: sa.TableClause) -> dict[str, Any]:
    return {row[0]: row[1] for row in bind.execute(sa.select(table))}


def _entry(row: Any) -> dict[str, Any]:
    limits = row["limits"] or {}
    named = ("id", "name", "model", "max_tokens", "context_window", "account_id", "is_default", "is_active", "base_url")
    return {
        **{_camel(name): row[name] for name in (*named, "weight")},
        "kind": row["provider"],
        "useCases": list(row["use_case"]),
        "capabilities": {_camel(name): value for name, value in row["capabilities"].items()},
        "limits": {_camel(name): limits.get(name) for name in _LIMITS},
    }


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)

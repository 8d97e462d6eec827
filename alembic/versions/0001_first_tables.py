"""First tables: tenants, people, sessions, API keys and provider configuration, with the standard providers.

Revision: 0001, the first.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.column_types import JsonObject, PlainText, StringList, UtcDateTime
from router_core.clock import SystemClock

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "config_state",
    "feature_flags",
    "use_case_preferences",
    "llm_providers",
    "api_keys",
    "console_sessions",
    "user_accounts",
    "users",
    "accounts",
)


def upgrade() -> None:
    """Make the tables and fill in the standard configuration."""
    _create_accounts()
    _create_users()
    _create_sessions()
    _create_api_keys()
    _create_providers()
    _create_settings()
    _seed_providers()
    _seed_settings()


def downgrade() -> None:
    """Drop everything."""
    for table in _TABLES:
        op.drop_table(table)


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, PlainText(), nullable=nullable, server_default=None if default is None else sa.text(default))


def _moment(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable, server_default=sa.func.now() if now else None)


def _switch(name: str, *, default: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true() if default else sa.false())


def _number(name: str, default: int | None = None) -> sa.Column[Any]:
    return sa.Column(
        name, sa.Integer(), nullable=False, server_default=None if default is None else sa.text(str(default))
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        _text("id"),
        _text("name"),
        _text("timezone", default="'UTC'"),
        _switch("is_active", default=True),
        _moment("created_at", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_accounts_name")),
    )


def _create_users() -> None:
    op.create_table(
        "users",
        _text("id"),
        _text("email"),
        _text("password_hash"),
        _text("role"),
        _switch("is_active", default=True),
        _moment("created_at", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email")),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'operator', 'prompt_engineer', 'analyst', 'viewer')",
            name=op.f("ck_users_role"),
        ),
    )
    op.create_table(
        "user_accounts",
        _text("user_id"),
        _text("account_id"),
        _number("position"),
        sa.PrimaryKeyConstraint("user_id", "account_id", name=op.f("pk_user_accounts")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_accounts_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_user_accounts_account_id")),
        sa.UniqueConstraint("user_id", "position", name=op.f("uq_user_accounts_user_id_position")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_user_accounts_position")),
    )
    op.create_index(op.f("ix_user_accounts_account_id"), "user_accounts", ["account_id"])


def _create_sessions() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _text("user_id"),
        _text("csrf"),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("last_seen_at"),
        _moment("revoked_at", nullable=True),
        _text("address", default="''"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_sessions")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_console_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("length(token_hash) = 32", name=op.f("ck_console_sessions_token_hash")),
    )
    op.create_index(op.f("ix_console_sessions_user_id"), "console_sessions", ["user_id"])
    op.create_index(op.f("ix_console_sessions_expires_at"), "console_sessions", ["expires_at"])


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        _text("id"),
        _text("account_id"),
        _text("role"),
        _text("name"),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        _moment("created_at", now=True),
        _moment("expires_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _moment("last_used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id")),
        sa.CheckConstraint("role IN ('service', 'admin')", name=op.f("ck_api_keys_role")),
    )
    op.create_index(op.f("ix_api_keys_account_id"), "api_keys", ["account_id"])


def _create_providers() -> None:
    op.create_table(
        "llm_providers",
        _text("id"),
        _text("name"),
        _text("provider"),
        _text("model"),
        sa.Column("api_key_encrypted", sa.LargeBinary(), nullable=True),
        _number("key_version", 1),
        _text("account_id", nullable=True),
        _switch("is_default", default=False),
        sa.Column("use_case", StringList(), nullable=False),
        _number("max_tokens", 4096),
        _switch("is_active", default=True),
        _moment("created_at", now=True),
        _moment("updated_at", now=True),
        _text("base_url", nullable=True),
        sa.Column("capabilities", JsonObject(), nullable=False, server_default=sa.text("'{}'")),
        _number("context_window"),
        sa.Column("limits", JsonObject(), nullable=False, server_default=sa.text("'{}'")),
        _number("weight", 100),
        _number("version", 1),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_llm_providers")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_llm_providers_account_id")),
        sa.UniqueConstraint("name", name=op.f("uq_llm_providers_name")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_llm_providers_name")),
        sa.CheckConstraint("provider IN ('openai', 'anthropic')", name=op.f("ck_llm_providers_provider")),
        sa.CheckConstraint("max_tokens > 0", name=op.f("ck_llm_providers_max_tokens")),
        sa.CheckConstraint("context_window >= max_tokens", name=op.f("ck_llm_providers_context_window")),
        sa.CheckConstraint("weight >= 0", name=op.f("ck_llm_providers_weight")),
        sa.CheckConstraint("key_version >= 1", name=op.f("ck_llm_providers_key_version")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_llm_providers_version")),
    )
    op.create_index(op.f("ix_llm_providers_account_id"), "llm_providers", ["account_id"])


def _create_settings() -> None:
    op.create_table(
        "use_case_preferences",
        _text("use_case"),
        _text("model"),
        sa.PrimaryKeyConstraint("use_case", name=op.f("pk_use_case_preferences")),
        sa.CheckConstraint("use_case <> ''", name=op.f("ck_use_case_preferences_use_case")),
    )
    op.create_table(
        "feature_flags",
        _text("name"),
        _switch("enabled", default=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feature_flags")),
        sa.CheckConstraint("name IN ('llm', 'openai', 'anthropic')", name=op.f("ck_feature_flags_name")),
    )
    op.create_table(
        "config_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        _moment("updated_at", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_config_state")),
        sa.CheckConstraint("id = 1", name=op.f("ck_config_state_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_config_state_revision")),
    )


def _seed_providers() -> None:
    table = sa.table(
        "llm_providers",
        sa.column("id", PlainText()),
        sa.column("name", PlainText()),
        sa.column("provider", PlainText()),
        sa.column("model", PlainText()),
        sa.column("is_default", sa.Boolean()),
        sa.column("use_case", StringList()),
        sa.column("max_tokens", sa.Integer()),
        sa.column("context_window", sa.Integer()),
        sa.column("capabilities", JsonObject()),
        sa.column("created_at", UtcDateTime()),
        sa.column("updated_at", UtcDateTime()),
    )
    now = SystemClock().utcnow()
    stamps = {"created_at": now, "updated_at": now}
    op.bulk_insert(table, [{**row, **stamps} for row in _standard_providers()])


def _standard_providers() -> list[dict[str, Any]]:
    limits_of = {
        "openai": {"max_tokens": 16384, "context_window": 128_000},
        "anthropic": {"max_tokens": 64000, "context_window": 200_000},
    }
    temperature_of = {"openai": 2.0, "anthropic": 1.0}
    rows = (
        ("openai-gpt4o-mini", "openai", "gpt-4o-mini", ["draft", "summary", "general", "voice"]),
        ("openai-gpt4o", "openai", "gpt-4o", ["vision", "complex"]),
        ("anthropic-claude-haiku-4-5", "anthropic", "claude-haiku-4-5", ["draft", "summary"]),
        ("anthropic-claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5", ["complex"]),
    )
    return [
        {
            "id": f"{number:026d}",
            "name": name,
            "provider": provider,
            "model": model,
            "is_default": name == "openai-gpt4o-mini",
            "use_case": use_case,
            "capabilities": {
                "vision": True,
                "tools": True,
                "json_schema": True,
                "max_temperature": temperature_of[provider],
            },
            **limits_of[provider],
        }
        for number, (name, provider, model, use_case) in enumerate(rows, start=1)
    ]


def _seed_settings() -> None:
    preferences = {
        "draft": "claude-haiku-4-5",
        "summary": "claude-haiku-4-5",
        "complex": "claude-sonnet-4-5",
        "vision": "gpt-4o",
        "general": "gpt-4o-mini",
        "voice": "gpt-4o-mini",
    }
    op.bulk_insert(
        sa.table("use_case_preferences", sa.column("use_case", PlainText()), sa.column("model", PlainText())),
        [{"use_case": use_case, "model": model} for use_case, model in preferences.items()],
    )
    op.bulk_insert(
        sa.table("feature_flags", sa.column("name", PlainText()), sa.column("enabled", sa.Boolean())),
        [{"name": name, "enabled": True} for name in ("llm", "openai", "anthropic")],
    )
    op.bulk_insert(
        sa.table(
            "config_state",
            sa.column("id", sa.Integer()),
            sa.column("revision", sa.BigInteger()),
            sa.column("updated_at", UtcDateTime()),
        ),
        [{"id": 1, "revision": 1, "updated_at": SystemClock().utcnow()}],
    )

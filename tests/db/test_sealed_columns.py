"""The list of sealed columns is whole: rotation and decrypt health go by it."""

from sqlalchemy import LargeBinary

from db import (  # noqa: F401 - fill the metadata
    alert_models,
    answer_models,
    budget_models,
    config_models,
    limit_models,
    models,
    node_models,
    price_models,
    provider_key_models,
    record_models,
    tool_models,
    vault_models,
)
from db.base import Base
from db.sealed_columns import SEALED_COLUMNS

# Bytes that are no secrets, hashes, or keys that are wrapped already.
NOT_SEALED = {
    "api_keys.secret_hash",
    "audit_checkpoints.hash",
    "audit_checkpoints.signature",
    "audit_contents.content",
    "audit_log.content_hash",
    "audit_log.hash",
    "audit_log.trace_hash",
    "audit_traces.trace",
    "audit_writers.hash",
    "budget_pots.marks",
    "config_drafts.document",
    "config_versions.document",
    "console_sessions.token_hash",
    "idempotent_answers.answer",  # sealed for a day under a key of the root, which outlives every rotation
    "key_wraps.sealed",
    "llm_providers.api_key_encrypted",
    "master_slots.canary",
    "master_slots.salt",
    "metric_rollups.errors_by_code",
    "metric_rollups.first_token",
    "metric_rollups.latency",
    "metric_totals.errors_by_code",
    "metric_totals.first_token",
    "metric_totals.latency",
    "users.invitation_hash",
}


def test_every_column_of_bytes_is_known_to_be_sealed_or_known_not_to_be() -> None:
    held = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    sealed = {f"{each.table.name}.{each.sealed}" for each in SEALED_COLUMNS}
    assert held - sealed - NOT_SEALED == set()


def test_the_version_beside_a_sealed_column_refers_to_keys_that_are_not_retired() -> None:
    for each in SEALED_COLUMNS:
        referred = {key.target_fullname for key in each.table.c[each.version].foreign_keys}
        assert referred == {"data_keys.open_version"}

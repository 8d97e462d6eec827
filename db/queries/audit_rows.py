"""Rows of the audit log as the core knows them."""

from typing import Any, Final

from sqlalchemy import Table

from db.record_models import AuditRow
from router_core.types import AuditEntry

__all__ = ["ENTRY_COLUMNS", "LOG", "entry_of"]

LOG: Final[Table] = AuditRow.__table__  # type: ignore[assignment]
_HIDDEN: Final = frozenset({"hash", "trace_hash", "content_hash"})
ENTRY_COLUMNS: Final = tuple(each for each in LOG.columns if each.name not in _HIDDEN)


def entry_of(row: Any) -> AuditEntry:
    """Return the entry of a row with :data:`ENTRY_COLUMNS`."""
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    latency, first = values.pop("latency_us"), values.pop("first_token_us")
    return AuditEntry(
        user=values.pop("user_email"),
        latency_ms=None if latency is None else latency / 1000,
        first_token_ms=None if first is None else first / 1000,
        **values,
    )

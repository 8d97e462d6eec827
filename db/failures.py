"""Turns what a driver raises into errors that callers know."""

import re
import sqlite3
from types import MappingProxyType
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from db.base import Base
from db.errors import StoreBusyError, StoreUnreachableError
from router_core.errors import ValidationError

__all__ = ["as_store_error", "as_validation_error"]

_BUSY_STATES = frozenset({"55P03", "57014", "40001", "40P01", "53300"})
_BUSY_NAMES = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_INTERRUPT")
# The server takes no writes for now: a standby, or one that was told so.
_REFUSING_STATES = frozenset({"25006"})
_FIELD_OF_TABLE = MappingProxyType({"user_accounts": "accounts"})
_FIELD_OF_COLUMN = MappingProxyType(
    {
        ("llm_providers", "provider"): "kind",
        ("llm_providers", "use_case"): "use_cases",
    }
)
_FAILED_COLUMN = re.compile(r"constraint failed: (\w+)(?:\.(\w+))?")
_PASSWORD = re.compile(r"(password=|://[^:@/\s]*:)[^@\s]+")
_DETAIL_LENGTH = 300


def as_store_error(error: DBAPIError) -> Exception:
    """Return the :class:`StoreError` that ``error`` stands for, or ``error`` itself when it is a bug of ours."""
    if _is_busy(error.orig):
        return StoreBusyError("The store is busy", detail=_detail(error))
    if _is_outage(error):
        return StoreUnreachableError("The store cannot be reached", detail=_detail(error))
    return error


def as_validation_error(error: IntegrityError) -> ValidationError:
    """Return a :class:`ValidationError` that names the field whose constraint was broken."""
    kind, table, column = _broken_constraint(error.orig)
    field = _FIELD_OF_TABLE.get(table) or _FIELD_OF_COLUMN.get((table, column), column) or "id"
    reason = {"unique": "is already taken", "foreign": "names nothing that exists"}.get(kind, "is not allowed")
    return ValidationError(f"`{field}` {reason}", field=field)


def _is_busy(cause: object) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorname", "").startswith(_BUSY_NAMES)
    return getattr(cause, "sqlstate", None) in _BUSY_STATES


def _is_outage(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # SQLITE_ERROR is a faulty statement; a file that cannot be opened, read or written has its own name.
        name = getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR")
        return isinstance(error.orig, sqlite3.DatabaseError) and name not in ("SQLITE_ERROR", "SQLITE_MISUSE")
    if getattr(error.orig, "sqlstate", None) in _REFUSING_STATES:
        return True
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _detail(error: DBAPIError) -> str:
    line = " ".join(str(error.orig).split())[:_DETAIL_LENGTH]
    return _PASSWORD.sub(r"\1***", line)


def _broken_constraint(cause: Any) -> tuple[str, str, str]:
    """Return the kind (unique, foreign, check, null), the table and the column."""
    if isinstance(cause, sqlite3.IntegrityError):
        return _broken_in_sqlite(cause)
    kind = {"23505": "unique", "23503": "foreign", "23502": "null"}.get(cause.sqlstate or "", "check")
    if kind == "null":
        return kind, cause.diag.table_name or "", cause.diag.column_name or ""
    return kind, *_split_name(cause.diag.constraint_name or "")


def _broken_in_sqlite(cause: sqlite3.IntegrityError) -> tuple[str, str, str]:
    kinds = {"UNIQUE": "unique", "PRIMARYKEY": "unique", "FOREIGNKEY": "foreign", "NOTNULL": "null"}
    kind = kinds.get(cause.sqlite_errorname.removeprefix("SQLITE_CONSTRAINT_"), "check")
    found = _FAILED_COLUMN.search(str(cause))
    if found is None:
        return kind, "", ""  # SQLite does not say which foreign key; the stores look before they write
    return (kind, *_split_name(found[1])) if found[2] is None else (kind, found[1], found[2])


def _split_name(constraint: str) -> tuple[str, str]:
    """Return the table and the column that a constraint's name stands for, by the convention of ``db.base``."""
    name = constraint.partition("_")[2]
    tables = [table for table in Base.metadata.tables if name == table or name.startswith(f"{table}_")]
    table = max(tables, key=len, default="")
    if name == table and table:
        return table, next(iter(Base.metadata.tables[table].primary_key.columns)).name
    return table, name.removeprefix(f"{table}_")

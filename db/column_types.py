"""Column types that behave alike on SQLite and PostgreSQL. Migrations use them too, so their meaning never changes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, JSON, BigInteger, DateTime, Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from router_core.errors import ValidationError

__all__ = ["BadTextError", "JsonObject", "PlainText", "StringList", "UtcDateTime", "UtcMicros"]

_POSTGRESQL = "postgresql"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class BadTextError(ValidationError, DontWrapMixin):
    """Text that PostgreSQL cannot hold and SQLite could: a NUL character or a lone surrogate."""


def _check_text(value: str) -> str:
    if "\x00" in value:
        raise BadTextError("text must not contain a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadTextError("text must be valid Unicode") from None
    return value


def _check_json(value: Any) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        _check_json([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            _check_json(item)


class PlainText(TypeDecorator[str]):
    """Text without NUL characters, sorted by code point on every database. Raises :class:`BadTextError`."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Pin PostgreSQL's sort order, which otherwise depends on the server's locale."""
        return dialect.type_descriptor(Text(collation="C") if dialect.name == _POSTGRESQL else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's shape
        """Refuse what one of the databases cannot hold."""
        return None if value is None else _check_text(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, to the microsecond. Raises ``ValueError`` for naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn ``value`` to UTC; SQLite keeps it as sortable text without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc if dialect.name == _POSTGRESQL else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return UTC, whatever the connection's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class UtcMicros(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, kept as microseconds since 1970: small, exact, quick to compare.

    Raises ``ValueError`` for naive ones.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Count the microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class StringList(TypeDecorator[Sequence[str]]):
    """An ordered list of strings, read back as a tuple: ``text[]`` on PostgreSQL, a JSON array on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own form."""
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == _POSTGRESQL else JSON())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> list[str] | None:  # noqa: ARG002
        """Refuse what one of the databases cannot hold."""
        return None if value is None else [_check_text(item) for item in value]

    def process_result_value(self, value: Sequence[str] | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002
        """Return an immutable list."""
        return None if value is None else tuple(value)


class JsonObject(TypeDecorator[dict[str, Any]]):
    """A JSON object: ``jsonb`` on PostgreSQL, JSON text on SQLite. Raises :class:`BadTextError`."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own form."""
        return dialect.type_descriptor(JSONB() if dialect.name == _POSTGRESQL else JSON())

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:  # noqa: ARG002
        """Refuse what one of the databases cannot hold."""
        _check_json(value)
        return value

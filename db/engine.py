"""Engines for SQLite and PostgreSQL, with the settings that make both behave alike."""

import contextlib
import os
import sqlite3
from typing import Any

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.deadline import feel_deadlines
from db.errors import BadStoreUrlError, StoreCrowdedError
from db.failures import as_store_error

__all__ = ["StoreTimeouts", "is_memory_url", "make_engine", "ping", "reading", "store_url", "writing"]

_WRITES = "store_writes"
_PRIVATE = 0o600
_POSTGRESQL_NAMES = ("postgres", "postgresql", "postgresql+psycopg")
_SQLITE_NAMES = ("sqlite", "sqlite+pysqlite")


class StoreTimeouts(Struct, frozen=True, kw_only=True):
    """Seconds to wait for a connection, for a lock, for one statement, and for a free place in the pool."""

    connect: int = 2
    lock: float = 2.0
    statement: float = 10.0
    pool: float = 2.0


def store_url(url: str) -> URL:
    """Return ``url`` with its driver filled in. Raises :class:`BadStoreUrlError`, which never shows the URL."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise BadStoreUrlError("The store's URL cannot be read") from None
    if parsed.drivername in _POSTGRESQL_NAMES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in _SQLITE_NAMES and not (parsed.host or parsed.username):
        return parsed.set(drivername="sqlite+pysqlite")
    raise BadStoreUrlError("The store's URL must be sqlite:///path or postgresql://user@host/name")


def is_memory_url(url: URL) -> bool:
    """Say whether ``url`` names a SQLite database that lives in memory only."""
    if not url.drivername.startswith("sqlite"):
        return False
    database = url.database or ""
    return database in ("", ":memory:") or "mode=memory" in database or url.query.get("mode") == "memory"


def make_engine(url: str, *, timeouts: StoreTimeouts | None = None) -> Engine:
    """Return an engine; nothing is connected yet. Raises :class:`BadStoreUrlError`."""
    target, limits = store_url(url), timeouts or StoreTimeouts()
    if target.drivername.startswith("sqlite"):
        return _sqlite_engine(target, limits)
    engine = create_engine(
        target,
        connect_args=_postgresql_settings(target, limits),
        pool_pre_ping=True,
        pool_timeout=limits.pool,
        hide_parameters=True,
    )
    feel_deadlines(engine)
    return engine


def reading(engine: Engine) -> Engine:
    """Return a view of ``engine`` whose transactions see one moment of the store and take no write lock."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_WRITES: False})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(engine: Engine) -> Engine:
    """Return a view of ``engine`` whose transactions take SQLite's write lock when they begin."""
    return engine.execution_options(**{_WRITES: True})


def ping(engine: Engine) -> None:
    """Connect once. Raises :class:`StoreError` when the store does not answer."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        raise as_store_error(error) from None
    except PoolTimeoutError:
        raise StoreCrowdedError("The store is busy", detail="no free connection in time") from None


def _sqlite_engine(url: URL, timeouts: StoreTimeouts) -> Engine:
    # A database in memory belongs to its connection, so there is one connection for all threads, one at a time.
    sizes = {"pool_size": 1, "max_overflow": 0} if is_memory_url(url) else {}
    engine = create_engine(
        url,
        connect_args={"timeout": timeouts.lock, "check_same_thread": False},
        poolclass=QueuePool,
        pool_timeout=timeouts.pool,
        hide_parameters=True,
        **sizes,
    )
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    feel_deadlines(engine)
    return engine


def _make_private(_dialect: object, _record: object, arguments: list[Any], _named: object) -> None:
    """Make a database that is not there yet readable by its owner alone; its log and its index take that over.

    One that is there is not opened: to close it again would give up every lock that this process holds on it.
    """
    name = arguments[0]
    if name not in ("", ":memory:") and not name.startswith("file:"):
        with contextlib.suppress(OSError):  # it is there, or SQLite says what is wrong with the place
            os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin late and DEFERRED; _begin_sqlite does it instead
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # Read-then-write in a DEFERRED transaction fails with "database is locked" whatever the timeout.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_settings(url: URL, timeouts: StoreTimeouts) -> dict[str, Any]:
    settings = (
        f"-c statement_timeout={round(timeouts.statement * 1000)} -c lock_timeout={round(timeouts.lock * 1000)} "
        "-c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    own = url.query.get("options", "")
    own_text = own if isinstance(own, str) else " ".join(own)
    return {
        "connect_timeout": timeouts.connect,
        "application_name": "signalbox",
        "options": f"{settings} {own_text}".strip(),
    }

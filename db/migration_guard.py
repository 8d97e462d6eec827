"""Sees to it that one migration of a store, and one rotation of its keys, runs at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from db.engine import is_memory_url
from db.errors import MigrationConflictError, MigrationError, StoreUnreachableError
from db.failures import as_store_error
from router_core.security.vault.faults import RotationRunningError

__all__ = ["check_references", "foreign_keys_off", "migration_guard", "rotation_guard"]

_MIGRATION, _ROTATION = 0x5349474E_414C4258, 0x5349474E_414C4259  # "SIGNALBX" and the next


@contextmanager
def migration_guard(engine: Engine) -> Iterator[None]:
    """Hold the store's migration lock. Raises :class:`MigrationConflictError` at once when somebody else does."""
    with _alone(engine, _MIGRATION, "migration", MigrationConflictError("Another migration of this store is running")):
        yield


@contextmanager
def rotation_guard(engine: Engine) -> Iterator[None]:
    """Hold the lock of who rotates keys. Raises :class:`RotationRunningError` at once when somebody else does."""
    with _alone(engine, _ROTATION, "rotation", RotationRunningError("Another rotation of keys is running")):
        yield


@contextmanager
def _alone(engine: Engine, number: int, name: str, conflict: Exception) -> Iterator[None]:
    if engine.dialect.name == "postgresql":
        with _advisory_lock(engine, number, conflict):
            yield
    elif is_memory_url(engine.url):
        yield
    else:
        with _file_lock(Path(engine.url.database or ""), name, conflict):
            yield


@contextmanager
def _advisory_lock(engine: Engine, number: int, conflict: Exception) -> Iterator[None]:
    try:
        connection = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
    except DBAPIError as error:
        raise as_store_error(error) from None
    # The lock is the connection's own: it is gone when the process is, however that ends.
    with connection:
        if not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (number,)).scalar_one():
            raise conflict
        try:
            yield
        finally:
            connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (number,))


@contextmanager
def _file_lock(database: Path, name: str, conflict: Exception) -> Iterator[None]:
    # Not the database itself: closing a second handle of it would drop SQLite's own locks in this process.
    # The file stays: removing it would let two processes lock two files of one name.
    try:
        handle = database.with_name(f"{database.name}-{name}").open("a")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreUnreachableError("The store cannot be opened", detail=f"{database.parent}: {reason}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise conflict from None
        yield


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Let SQLite tables be rebuilt without deleting the rows that refer to them; enter it outside a transaction."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # On the driver's connection: inside a transaction, which SQLAlchemy would begin, the pragma does nothing.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


def check_references(connection: Connection) -> None:
    """Look for rows that refer to nothing, at the end of a migration. Raises :class:`MigrationError`."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise MigrationError("The migration left rows that refer to nothing")

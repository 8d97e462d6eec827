"""A look at a store before anything else is done with it: not a byte of it is changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError

from db.engine import is_memory_url, make_engine, reading, store_url
from db.failures import as_store_error
from db.provider_key_models import ProviderKeyRow

__all__ = ["count_provider_keys", "peeking"]

_WAIT_S = 2.0


@contextmanager
def peeking(url: str) -> Iterator[Connection | None]:
    """Have a connection to the store at ``url`` for a while, None while there is no such store.

    Raises :class:`StoreError`.
    """
    target = store_url(url)
    is_file = target.drivername.startswith("sqlite")
    if is_file and (is_memory_url(target) or not Path(target.database or "").exists()):
        yield None
        return
    engine = _read_only(target) if is_file else make_engine(url)
    try:
        with reading(engine).connect() as connection:
            yield connection
    except DBAPIError as error:
        raise as_store_error(error) from None
    finally:
        engine.dispose()


def count_provider_keys(url: str) -> int:
    """Return how many active keys of providers the store at ``url`` has. Raises :class:`StoreError`."""
    with peeking(url) as connection:
        if connection is None or not inspect(connection).has_table(ProviderKeyRow.__tablename__):
            return 0
        statement = select(func.count()).select_from(ProviderKeyRow).where(ProviderKeyRow.is_active)
        return connection.execute(statement).scalar_one()


def _read_only(target: URL) -> Engine:
    # Connected to as usual, SQLite would tidy up after a process that was killed.
    name = f"{Path(target.database or '').absolute().as_uri()}?mode=ro"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(name, uri=True, timeout=_WAIT_S))

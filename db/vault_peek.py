"""What the store says of its keys, before anything else is done with it: not a byte of it is changed."""

import sqlite3
from pathlib import Path

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, create_engine, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.alert_models import AlertChannelRow
from db.engine import is_memory_url, make_engine, reading, store_url
from db.failures import as_store_error
from db.models import ApiKey
from db.record_models import AuditCheckpoint, AuditWriter
from db.stores.vault import read_record
from db.vault_models import VaultState
from router_core.types.vault import VaultRecord

__all__ = ["VaultPeek", "peek_vault"]

_WAIT_S = 2.0


class VaultPeek(Struct, frozen=True, kw_only=True):
    """The store's record of keys; where there is none yet, whether anything hangs on a key all the same.

    ``signers`` are the ids of the keys that signed its audit log.
    """

    record: VaultRecord | None = None
    used: bool = False
    signers: frozenset[str] = frozenset()


def peek_vault(url: str) -> VaultPeek:
    """Look at the store at ``url``, which need not be there yet. Raises :class:`StoreError`."""
    target = store_url(url)
    is_file = target.drivername.startswith("sqlite")
    if is_file and (is_memory_url(target) or not Path(target.database or "").exists()):
        return VaultPeek()
    engine = _read_only(target) if is_file else make_engine(url)
    try:
        with reading(engine).connect() as connection:
            return _peek(connection)
    except DBAPIError as error:
        raise as_store_error(error) from None
    finally:
        engine.dispose()


def _read_only(target: URL) -> Engine:
    # Connected to as usual, SQLite would tidy up after a process that was killed.
    name = f"{Path(target.database or '').absolute().as_uri()}?mode=ro"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(name, uri=True, timeout=_WAIT_S))


def _peek(connection: Connection) -> VaultPeek:
    known = set(inspect(connection).get_table_names())
    with Session(connection) as session:
        record = read_record(session) if VaultState.__tablename__ in known else None
        if record is not None:
            return VaultPeek(record=record)
        columns = (ApiKey.id, AlertChannelRow.id, AuditWriter.id)
        used = any(
            session.scalar(select(column).limit(1)) is not None
            for column in columns
            if column.class_.__tablename__ in known
        )
        checkpoints = select(AuditCheckpoint.key_id).distinct()
        signers = session.scalars(checkpoints) if AuditCheckpoint.__tablename__ in known else ()
        return VaultPeek(used=used, signers=frozenset(signers))

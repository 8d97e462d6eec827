"""What the store says of its keys, before anything else is done with it: not a byte of it is changed."""

from msgspec import Struct
from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Session

from db.alert_models import AlertChannelRow
from db.models import ApiKey
from db.peeking import peeking
from db.record_models import AuditCheckpoint, AuditWriter
from db.sealed_columns import SEALED_COLUMNS
from db.stores.vault import read_record, read_sealed
from db.vault_models import VaultState
from router_core.types.vault import SealedRow, VaultRecord

__all__ = ["VaultPeek", "peek_sealed", "peek_vault"]


class VaultPeek(Struct, frozen=True, kw_only=True):
    """The store's record of keys; where there is none yet, whether anything hangs on a key all the same.

    ``signers`` are the ids of the keys that signed its audit log.
    """

    record: VaultRecord | None = None
    used: bool = False
    signers: frozenset[str] = frozenset()


def peek_vault(url: str) -> VaultPeek:
    """Look at the store at ``url``, which need not be there yet. Raises :class:`StoreError`."""
    with peeking(url) as connection:
        return VaultPeek() if connection is None else _peek(connection)


def peek_sealed(url: str) -> list[SealedRow]:
    """Return what is sealed in the store at ``url``, which need not be there yet. Raises :class:`StoreError`."""
    with peeking(url) as connection:
        if connection is None:
            return []
        known = set(inspect(connection).get_table_names())
        with Session(connection) as session:
            return read_sealed(session, [each for each in SEALED_COLUMNS if each.table.name in known])


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

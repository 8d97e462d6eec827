"""Removes the oldest rows of the audit log, by whole checkpoints, so that what is left still verifies."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from db.record_models import AuditCheckpoint, AuditRow, AuditWord
from router_core.audit.signatures import ChainSigner
from router_core.types import ChainHead

__all__ = ["prune_audit"]


def prune_audit(connection: Connection, cutoff: datetime, signer: ChainSigner, now: datetime, *, most: int) -> int:
    """Remove rows up to a checkpoint of one chain before which all are older than ``cutoff``; return their number.

    About ``most`` rows at once, at least one checkpoint's; 0 when nothing is old enough.
    """
    for writer in connection.scalars(select(AuditCheckpoint.writer).distinct().order_by(AuditCheckpoint.writer)).all():
        place = _place(connection, writer, cutoff, most)
        if place is not None:
            return _prune(connection, place, signer, now)
    return 0


def _place(connection: Connection, writer: str, cutoff: datetime, most: int) -> Any:
    """Return the checkpoint up to which to remove, None when there is none."""
    table, log = AuditCheckpoint.__table__.c, AuditRow.__table__.c
    query = (
        select(table.writer, table.seq, table.hash, table.at)
        .where(table.writer == writer, table.pruned_at.is_(None), table.at < cutoff)
        .order_by(table.seq)
    )
    first = connection.scalar(select(func.min(log.seq)).where(log.writer == writer))
    chosen = None
    for place in connection.execute(query):
        newest = connection.scalar(select(func.max(log.at)).where(log.writer == writer, log.seq <= place.seq))
        if first is None or (newest is not None and newest >= cutoff):
            break
        chosen = place
        if place.seq - first + 1 >= most:
            break
    return chosen


def _prune(connection: Connection, place: Any, signer: ChainSigner, now: datetime) -> int:
    doomed = select(AuditRow.position).where(AuditRow.writer == place.writer, AuditRow.seq <= place.seq)
    connection.execute(delete(AuditWord).where(AuditWord.position.in_(doomed)))
    gone = connection.execute(delete(AuditRow).where(AuditRow.writer == place.writer, AuditRow.seq <= place.seq))
    head = ChainHead(writer=place.writer, seq=place.seq, hash=bytes(place.hash))
    connection.execute(
        update(AuditCheckpoint)
        .where(AuditCheckpoint.writer == place.writer, AuditCheckpoint.seq == place.seq)
        .values(pruned_at=now, key_id=signer.key_id, signature=signer.sign_checkpoint(head, place.at, now))
    )
    return gone.rowcount

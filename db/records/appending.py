"""Appends records to a writer's hash chain, inside a transaction of the caller's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db.column_types import BadTextError
from db.record_models import AuditCheckpoint, AuditRow, AuditWord, AuditWriter
from db.records.raw_tables import CONTENTS, LOG, TRACES
from db.records.rows import Record
from db.upserts import insert_into
from router_core.audit.chain import GENESIS, next_hash
from router_core.audit.signatures import ChainSigner
from router_core.types import ChainHead

__all__ = ["Appended", "append_records"]

CHECKPOINT_ROWS: Final = 1_000
CHECKPOINT_AGE: Final = timedelta(hours=1)
_TEXTS: Final = tuple(each.name for each in AuditRow.__table__.columns if each.type.python_type is str)


class Appended(Struct, frozen=True):
    """Where the chain ends now, and the ids of the records that were new."""

    head: ChainHead
    new: frozenset[str]


def append_records(
    session: Session, writer: str, records: Sequence[Record], now: datetime, signer: ChainSigner
) -> Appended:
    """Append those of ``records`` whose id is not in the log; whoever else appends to ``writer`` waits meanwhile.

    Raises :class:`BadTextError` for text that one of the databases cannot hold.
    """
    head = _locked_head(session, writer, now)
    known = _known_ids(session, [each.row["id"] for each in records])
    fresh = [each for each in records if each.row["id"] not in known]
    if not fresh:
        return Appended(head, frozenset())
    rows, end = _chained(head, fresh)
    session.execute(insert(LOG), rows)
    session.execute(insert(TRACES), [_detail(each, "trace", each.trace) for each in fresh])
    contents = [
        {**_detail(each, "content", each.content), "account_id": each.row["account_id"]}
        for each in fresh
        if each.content is not None
    ]
    if contents:
        session.execute(insert(CONTENTS), contents)
    _index_words(session, fresh)
    session.execute(
        update(AuditWriter).where(AuditWriter.id == writer).values(seq=end.seq, hash=end.hash, updated_at=now)
    )
    _checkpoint(session, head, end, now, signer)
    return Appended(end, frozenset(each.row["id"] for each in fresh))


def _locked_head(session: Session, writer: str, now: datetime) -> ChainHead:
    query = select(AuditWriter.seq, AuditWriter.hash).where(AuditWriter.id == writer).with_for_update()
    found = session.execute(query).one_or_none()
    if found is None:
        first = insert_into(session, AuditWriter.__table__).on_conflict_do_nothing()
        session.execute(first, {"id": writer, "seq": 0, "hash": GENESIS, "updated_at": now})
        found = session.execute(query).one()
    return ChainHead(writer=writer, seq=found.seq, hash=bytes(found.hash))


def _known_ids(session: Session, ids: Sequence[str]) -> frozenset[str]:
    if not ids:
        return frozenset()
    return frozenset(session.scalars(select(AuditRow.id).where(AuditRow.id.in_(ids))))


def _chained(head: ChainHead, records: Sequence[Record]) -> tuple[list[dict[str, Any]], ChainHead]:
    rows, seq, end, seen = [], head.seq, head.hash, set[str]()
    for record in records:
        if record.row["id"] in seen:
            continue
        seen.add(record.row["id"])
        _check_texts(record.row)
        seq += 1
        row = {**record.row, "writer": head.writer, "seq": seq}
        end = row["hash"] = next_hash(end, row)
        rows.append(row)
    return rows, ChainHead(writer=head.writer, seq=seq, hash=end)


def _check_texts(row: dict[str, Any]) -> None:
    for name in _TEXTS:
        value = row.get(name)
        if value and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise BadTextError("text must be valid Unicode") from None
        if value and "\x00" in value:
            raise BadTextError("text must not contain a NUL character")


def _detail(record: Record, name: str, value: bytes | None) -> dict[str, Any]:
    return {"id": record.row["id"], "at": record.row["at"], name: value}


def _index_words(session: Session, records: Sequence[Record]) -> None:
    """Enter the words of new rows, whose positions the database gave."""
    wordy = {each.row["id"]: each.words for each in records if each.words}
    if not wordy:
        return
    places = session.execute(select(AuditRow.id, AuditRow.position).where(AuditRow.id.in_(wordy)))
    entries = [{"word": word, "position": position} for id, position in places for word in wordy[id]]
    session.execute(insert(AuditWord), entries)


def _checkpoint(session: Session, before: ChainHead, end: ChainHead, now: datetime, signer: ChainSigner) -> None:
    """Sign the end of the chain when a thousand rows, or an hour, have passed since the last time."""
    newest = session.execute(
        select(AuditCheckpoint.seq, AuditCheckpoint.at)
        .where(AuditCheckpoint.writer == end.writer)
        .order_by(AuditCheckpoint.seq.desc())
        .limit(1)
    ).one_or_none()
    rows = end.seq - (0 if newest is None else newest.seq)
    is_old = newest is not None and now - newest.at >= CHECKPOINT_AGE
    if rows >= CHECKPOINT_ROWS or is_old or before.seq == 0:
        session.execute(
            insert(AuditCheckpoint),
            {
                "writer": end.writer,
                "seq": end.seq,
                "hash": end.hash,
                "at": now,
                "pruned_at": None,
                "key_id": signer.key_id,
                "signature": signer.sign_checkpoint(end, now, None),
            },
        )

"""Requests that called a provider, as they are on record, for reports that rate them again."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.record_models import AuditRow, AuditTrace, LedgerPost
from router_core.ports import ChargedRequest
from router_core.types import REQUEST_EVENT, Attempt, Usage

__all__ = ["SqlRecordReader"]

PIECE: Final = 2_000
_COLUMNS: Final = (
    AuditRow.position, AuditRow.id, AuditRow.at, AuditRow.account_id, AuditRow.provider, AuditRow.model,
    AuditRow.input_tokens, AuditRow.cache_read_tokens, AuditRow.cache_write_tokens, AuditRow.cache_write_1h_tokens,
    AuditRow.output_tokens, AuditRow.reasoning_tokens, AuditRow.cost, AuditRow.attempts, AuditRow.status,
    AuditRow.latency_us, LedgerPost.price,
)  # fmt: skip


class _Trace(Struct):
    attempts: tuple[Attempt, ...] = ()


class _Kept(Struct):
    decision: _Trace


_read_trace = msgspec.json.Decoder(_Kept).decode


class SqlRecordReader:
    """Reads requests that were charged; a :class:`RecordReader`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def charged(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> AsyncIterator[Sequence[ChargedRequest]]:
        """Yield those that ended in the range, of ``accounts`` or of everybody, a few thousand at a time."""
        query = (
            select(*_COLUMNS)
            .outerjoin(LedgerPost, LedgerPost.id == AuditRow.id)
            .where(AuditRow.at >= since, AuditRow.at < until, AuditRow.event == REQUEST_EVENT, AuditRow.attempts > 0)
            .order_by(AuditRow.at, AuditRow.position)
            .limit(PIECE)
        )
        if accounts is not None:
            query = query.where(AuditRow.account_id.in_(list(accounts)))
        after: tuple[datetime, int] | None = None
        while True:
            found, after = await self._hop.read(_piece_reader(query, after))
            if found:
                yield found
            if after is None:
                return


def _piece_reader(query: Select[*tuple[Any, ...]], after: tuple[datetime, int] | None) -> Any:
    piece = query if after is None else query.where(tuple_(AuditRow.at, AuditRow.position) > after)

    def work(session: Session) -> tuple[list[ChargedRequest], tuple[datetime, int] | None]:
        rows = session.execute(piece).all()
        calls = _calls(session, [row.id for row in rows if row.attempts > 1])
        last = (rows[-1].at, rows[-1].position) if len(rows) == PIECE else None
        return [_request(row, calls.get(row.id, ())) for row in rows], last

    return work


def _calls(session: Session, ids: Sequence[str]) -> Mapping[str, tuple[Attempt, ...]]:
    if not ids:
        return {}
    traces = session.execute(select(AuditTrace.id, AuditTrace.trace).where(AuditTrace.id.in_(ids)))
    return {id: _read_trace(trace).decision.attempts for id, trace in traces}


def _request(row: Row[Any], calls: tuple[Attempt, ...]) -> ChargedRequest:
    return ChargedRequest(
        at=row.at - timedelta(microseconds=row.latency_us or 0),
        account_id=row.account_id or "",
        provider=row.provider or "",
        model=row.model or "",
        usage=Usage(
            input_tokens=row.input_tokens,
            cache_read_tokens=row.cache_read_tokens,
            cache_write_tokens=row.cache_write_tokens,
            cache_write_1h_tokens=row.cache_write_1h_tokens,
            output_tokens=row.output_tokens,
            reasoning_tokens=row.reasoning_tokens,
        ),
        cost=row.cost,
        attempts=row.attempts,
        unknown=row.status == "unknown",
        price=row.price or "",
        calls=calls,
    )

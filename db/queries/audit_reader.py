"""The audit log on SQL."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.queries.audit_cursor import Place
from db.queries.audit_rows import ENTRY_COLUMNS, LOG, entry_of
from db.queries.audit_scan import Look, Scan, ScanBounds, count_rows, prefer_indexes, scan_rows
from db.queries.audit_text import scan_texts
from db.record_models import AuditContent, AuditTrace, UsageHour
from router_core.clock import Clock
from router_core.errors import ValidationError
from router_core.types import (
    REQUEST_EVENT,
    AuditChoices,
    AuditCount,
    AuditDetail,
    AuditEntry,
    AuditFilter,
    AuditPage,
    Content,
    Decision,
)

__all__ = ["SqlAuditReader"]

MOST_ROWS: Final = 1_000
MOST_CHOICES: Final = 500


class _Trace(Struct):
    decision: Decision | None = None
    metadata: dict[str, Any] = {}
    detail: dict[str, Any] = {}
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class SqlAuditReader:
    """Reads along indexes, newest first; an :class:`AuditReader`."""

    def __init__(self, hop: StoreHop, clock: Clock, bounds: ScanBounds | None = None) -> None:
        self._hop = hop
        self._clock = clock
        self._bounds = bounds or ScanBounds()

    async def page(
        self, wanted: AuditFilter, *, limit: int, cursor: str | None = None, oldest: bool = False
    ) -> AuditPage:
        """Return one page of at most ``limit`` rows: the newest, the one at ``cursor``, or the oldest.

        Raises :class:`ValidationError` for a cursor that is none of ours and a limit outside 1 to 1,000.
        """
        if not 1 <= limit <= MOST_ROWS:
            raise ValidationError(f"limit must be within 1 and {MOST_ROWS}", field="limit")
        place = None if cursor is None else Place.parse(cursor)
        newest_first = not oldest if place is None else place.older
        return await self._hop.read(
            lambda session: self._page(session, wanted, place, limit, newest_first=newest_first)
        )

    async def count(self, wanted: AuditFilter) -> AuditCount:
        """Return how many rows match, counted to 10,000 at most."""
        return AuditCount(*await self._hop.read(lambda session: self._count(session, wanted)))

    async def detail(self, entry_id: str, accounts: Sequence[str] | None) -> AuditDetail | None:
        """Return everything that is kept of a row, None when there is none that ``accounts`` may see."""
        return await self._hop.read(lambda session: _detail(session, entry_id, accounts))

    async def choices(self, accounts: Sequence[str] | None) -> AuditChoices:
        """Return what can be filtered by, at most 500 values each."""
        return await self._hop.read(lambda session: _choices(session, accounts))

    def _page(
        self, session: Session, wanted: AuditFilter, place: Place | None, limit: int, *, newest_first: bool
    ) -> AuditPage:
        prefer_indexes(session)
        search = scan_rows if wanted.text is None else scan_texts
        scan = search(session, self._look(wanted), place, limit, newest_first=newest_first)
        query = select(*ENTRY_COLUMNS).where(LOG.c.position.in_(scan.positions))
        entries = [entry_of(row) for row in session.execute(query)]
        entries.sort(key=lambda entry: (entry.at, entry.position), reverse=True)
        beyond = _beyond(scan, entries, newest_first=newest_first)
        back = _back(place, scan, entries, newest_first=newest_first)
        stopped = scan.stopped_at
        return AuditPage(
            entries=tuple(entries),
            older=beyond if newest_first else back,
            newer=back if newest_first else beyond,
            looked_back_to=stopped[0] if stopped is not None else None,
        )

    def _count(self, session: Session, wanted: AuditFilter) -> tuple[int, bool]:
        prefer_indexes(session)
        if wanted.text is None:
            return count_rows(session, self._look(wanted))
        scan = scan_texts(session, self._look(wanted), None, MOST_ROWS, newest_first=True)
        return len(scan.positions), scan.more

    def _look(self, wanted: AuditFilter) -> Look:
        return Look(wanted, self._bounds, self._clock)


def _beyond(scan: Scan, entries: Sequence[AuditEntry], *, newest_first: bool) -> str | None:
    """Return the cursor in the direction of the search."""
    if scan.stopped_at is not None:
        return Place(*scan.stopped_at, older=newest_first).text()
    if not scan.more:
        return None
    return _place_of(scan.positions[-1], entries, older=newest_first)


def _back(place: Place | None, scan: Scan, entries: Sequence[AuditEntry], *, newest_first: bool) -> str | None:
    """Return the cursor back to where the search came from."""
    if place is None:
        return None
    if not entries:
        # The row at the place itself is on the page that we came from.
        return Place(place.at, place.position - 1 if newest_first else place.position + 1, not newest_first).text()
    return _place_of(scan.positions[0], entries, older=not newest_first)


def _place_of(position: int, entries: Sequence[AuditEntry], *, older: bool) -> str:
    entry = next(each for each in entries if each.position == position)
    return Place(entry.at, entry.position, older).text()


def _detail(session: Session, entry_id: str, accounts: Sequence[str] | None) -> AuditDetail | None:
    query = select(*ENTRY_COLUMNS).where(LOG.c.id == entry_id)
    if accounts is not None:
        query = query.where(LOG.c.account_id.in_(accounts))
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    stored = session.scalar(select(AuditTrace.trace).where(AuditTrace.id == entry_id))
    kept = session.scalar(select(AuditContent.content).where(AuditContent.id == entry_id))
    trace = _Trace() if stored is None else msgspec.json.decode(stored, type=_Trace)
    return AuditDetail(
        entry=entry_of(row),
        decision=trace.decision,
        metadata=trace.metadata,
        content=None if kept is None else msgspec.json.decode(kept, type=Content),
        detail=trace.detail,
        before=trace.before,
        after=trace.after,
    )


def _choices(session: Session, accounts: Sequence[str] | None) -> AuditChoices:
    if accounts is not None:
        return _scoped_choices(session, accounts)
    return AuditChoices(
        accounts=_values(session, "account_id"),
        api_keys=_values(session, "api_key"),
        users=_values(session, "user_email"),
        use_cases=_values(session, "use_case"),
        providers=_values(session, "provider"),
        models=_values(session, "model"),
        events=_values(session, "event"),
    )


def _values(session: Session, column: str) -> tuple[str, ...]:
    """Return the values of an indexed column in order, each found by one look into the index."""
    query = text(
        f"WITH RECURSIVE found(value) AS (SELECT min({column}) FROM audit_log UNION ALL "  # noqa: S608 - a column of ours
        f"SELECT (SELECT min({column}) FROM audit_log WHERE {column} > found.value) FROM found "
        "WHERE found.value IS NOT NULL) SELECT value FROM found WHERE value IS NOT NULL LIMIT :most"
    )
    return tuple(session.scalars(query, {"most": MOST_CHOICES}))


def _scoped_choices(session: Session, accounts: Sequence[str]) -> AuditChoices:
    def used(column: Any) -> tuple[str, ...]:
        query = select(column).where(UsageHour.account_id.in_(accounts), column != "").distinct().limit(MOST_CHOICES)
        return tuple(sorted(session.scalars(query)))

    return AuditChoices(
        accounts=tuple(accounts),
        api_keys=used(UsageHour.api_key),
        users=(),
        use_cases=used(UsageHour.use_case),
        providers=used(UsageHour.provider),
        models=used(UsageHour.model),
        events=(REQUEST_EVENT,),
    )

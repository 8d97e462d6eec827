"""How the audit log is searched with bounded work.

One filter leads: the one with the fewest rows in the range, counted in its own index and only as far as matters. Rows
are looked at along its index, only so many of them for one page; the other filters are checked on
those. A search that ends there says how far it has looked.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, true
from sqlalchemy.orm import Session

from db.queries.audit_cursor import Place
from db.queries.audit_rows import LOG
from router_core.clock import Clock
from router_core.types import AuditFilter

__all__ = ["COUNT_CAP", "Look", "Scan", "ScanBounds", "all_conditions", "count_rows", "prefer_indexes", "scan_rows"]

COUNT_CAP: Final = 10_000
_FILTERS: Final = {
    "account": "account_id", "api_key": "api_key", "user": "user_email", "use_case": "use_case",
    "provider": "provider", "model": "model", "status": "status", "event": "event", "request_id": "request_id",
    "error_code": "error_code",
}  # fmt: skip
_WITHOUT_INDEX: Final = frozenset({"error_code"})


class ScanBounds(Struct, frozen=True):
    """How many rows are looked at for one page: ``first`` at once, then more, ``most`` in all.

    After ``seconds`` no more of them are begun: rows that are not in memory take longer.
    """

    first: int = 250
    most: int = 4_000
    seconds: float = 0.04


class Scan(Struct, frozen=True):
    """What a search found: positions of matching rows in its order, and whether anything may lie beyond.

    ``stopped_at`` is the last row that was looked at when the search ended before the page was full.
    """

    positions: list[int]
    more: bool
    stopped_at: tuple[datetime, int] | None


class Look(Struct, frozen=True):
    """One look at the log: what is wanted, how far it may go, and who tells the time."""

    wanted: AuditFilter
    bounds: ScanBounds
    clock: Clock


def scan_rows(session: Session, look: Look, place: Place | None, limit: int, *, newest_first: bool) -> Scan:
    """Look for ``limit`` matching rows beyond ``place``."""
    lead, checks = _plan(session, look.wanted)
    found: list[int] = []
    bounds, began = look.bounds, look.clock.now()
    scanned, chunk = 0, max(bounds.first, limit + 1)
    while True:
        query = _along(look.wanted, lead, place, newest_first=newest_first)
        fits = and_(true(), *checks).label("fits")
        rows = session.execute(query.add_columns(LOG.c.at, LOG.c.position, fits).limit(chunk)).all()
        found.extend(row.position for row in rows if row.fits)
        scanned += len(rows)
        if len(found) > limit:
            return Scan(found[:limit], more=True, stopped_at=None)
        if len(rows) < chunk:
            return Scan(found, more=False, stopped_at=None)
        last = rows[-1]
        if scanned >= bounds.most or look.clock.now() - began > bounds.seconds:
            return Scan(found, more=True, stopped_at=(last.at, last.position))
        place = Place(last.at, last.position, older=newest_first)
        chunk = min(2 * chunk, 1_000, bounds.most - scanned)


def count_rows(session: Session, look: Look) -> tuple[int, bool]:
    """Return how many rows match among the first 10,000 that lead to them, and whether there may be more."""
    lead, checks = _plan(session, look.wanted)
    if not checks:
        return _counted_in_index(session, look.wanted, lead)
    began, place, number, scanned = look.clock.now(), None, 0, 0
    while True:
        query = _along(look.wanted, lead, place, newest_first=True)
        fits = and_(true(), *checks).label("fits")
        rows = session.execute(query.add_columns(LOG.c.at, LOG.c.position, fits).limit(1_000)).all()
        number += sum(1 for row in rows if row.fits)
        scanned += len(rows)
        if len(rows) < 1_000:
            return number, False
        if scanned >= COUNT_CAP or look.clock.now() - began > look.bounds.seconds:
            return number, True
        place = Place(rows[-1].at, rows[-1].position, older=True)


def _counted_in_index(session: Session, wanted: AuditFilter, lead: "_Lead") -> tuple[int, bool]:
    inner = _along(wanted, lead, None, newest_first=True).add_columns(LOG.c.position).limit(COUNT_CAP + 1)
    number = session.scalar(select(func.count()).select_from(inner.subquery())) or 0
    return min(number, COUNT_CAP), number > COUNT_CAP


def all_conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    """Return every condition but that of the text."""
    return [_in_range(wanted), *_conditions(wanted).values()]


def prefer_indexes(session: Session) -> None:
    """Keep PostgreSQL, for this transaction, from reading a whole table because it hopes to meet enough rows early."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))


def _plan(session: Session, wanted: AuditFilter) -> tuple["_Lead", list[ColumnElement[bool]]]:
    """Return the leading filter, and the conditions that are left to be checked."""
    where = _conditions(wanted)
    lead = _Lead(None, None)
    fewest = COUNT_CAP + 1
    for column, condition in where.items():
        if column in _WITHOUT_INDEX or not _is_equality(column, wanted):
            continue
        rows = _count_in_index(session, wanted, column, condition, fewest)
        if rows < fewest or lead.column is None:
            lead, fewest = _Lead(column, condition), min(rows, fewest)
    return lead, [condition for column, condition in where.items() if column != lead.column]


class _Lead(Struct, frozen=True):
    """The column whose index is followed, None for that of time."""

    column: str | None
    condition: ColumnElement[bool] | None


def _count_in_index(
    session: Session, wanted: AuditFilter, column: str, condition: ColumnElement[bool], cap: int
) -> int:
    inner = _hinted(select(LOG.c.position), column).where(condition, _in_range(wanted)).order_by(LOG.c.at).limit(cap)
    return session.scalar(select(func.count()).select_from(inner.subquery())) or 0


def _conditions(wanted: AuditFilter) -> dict[str, ColumnElement[bool]]:
    found: dict[str, ColumnElement[bool]] = {
        column: LOG.c[column] == getattr(wanted, name)
        for name, column in _FILTERS.items()
        if getattr(wanted, name) is not None
    }
    if wanted.accounts is not None:
        scope = _one_of(wanted.accounts)
        found["account_id"] = and_(scope, found["account_id"]) if "account_id" in found else scope
    return found


def _one_of(accounts: Sequence[str]) -> ColumnElement[bool]:
    return LOG.c.account_id == accounts[0] if len(accounts) == 1 else LOG.c.account_id.in_(accounts)


def _is_equality(column: str, wanted: AuditFilter) -> bool:
    return column != "account_id" or wanted.account is not None or len(wanted.accounts or ()) == 1


def _along(wanted: AuditFilter, lead: _Lead, place: Place | None, *, newest_first: bool) -> Select[Any]:
    query = _hinted(select(), lead.column).select_from(LOG).where(_in_range(wanted), _beyond(place))
    if lead.condition is not None:
        query = query.where(lead.condition)
    order = (LOG.c.at.desc(), LOG.c.position.desc()) if newest_first else (LOG.c.at, LOG.c.position)
    return query.order_by(*order)


def _in_range(wanted: AuditFilter) -> ColumnElement[bool]:
    return and_(LOG.c.at >= wanted.since, LOG.c.at < wanted.until)


def _beyond(place: Place | None) -> ColumnElement[bool]:
    if place is None:
        return true()
    at, position = LOG.c.at, LOG.c.position
    if place.older:
        return and_(at <= place.at, or_(at < place.at, position < place.position))
    return and_(at >= place.at, or_(at > place.at, position > place.position))


def _hinted(query: Select[Any], column: str | None) -> Select[Any]:
    """Name the index for SQLite, which would now and then begin with another one."""
    index = "request_id" if column == "request_id" else "at" if column is None else f"{column}_at"
    return query.with_hint(LOG, f"INDEXED BY ix_audit_log_{index}", "sqlite")

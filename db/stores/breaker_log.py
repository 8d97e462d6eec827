"""What breakers did, on SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import get_args

from msgspec import convert, structs
from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from db.hop import StoreHop
from db.models import LoggedTransition
from db.upserts import insert_into
from router_core.clock import Clock
from router_core.ports.keeping import TRANSITIONS_KEPT, SweepPace, as_kept
from router_core.types import BreakerTransition
from router_core.types.breaker import BreakerCause, BreakerPhase

__all__ = ["SqlBreakerLog"]

MOST_SWEPT = 5_000
_WRITERS_LOCK = 0x4252454B_4C4F4753  # "BREKLOGS"
_FORCES = ("forced_open", "forced_closed")
_KNOWN_CAUSES = get_args(BreakerCause)


class SqlBreakerLog:
    """Keeps transitions for 90 days, and a force for as long as it holds; a :class:`BreakerLog`.

    What is older is removed with an append, at most once an hour in each process and 5,000 rows at once. Causes that
    only newer code knows are left out when reading.
    """

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock
        self._pace = SweepPace(clock)

    async def append(self, transitions: Sequence[BreakerTransition]) -> None:
        """Store ``transitions``; those whose id is known already are left as they are.

        Raises :class:`ValidationError` for what cannot be stored, and nothing is stored then.
        """
        rows = [structs.asdict(as_kept(each)) for each in transitions]
        if not rows:
            return
        now, sweeps = self._clock.utcnow(), self._pace.due()

        def work(session: Session) -> None:
            _take_turn(session)
            session.execute(
                insert_into(session, LoggedTransition.__table__).on_conflict_do_nothing(index_elements=["id"]), rows
            )
            if sweeps:
                _sweep(session, now)

        await self._hop.write(work)

    async def after(self, position: int, limit: int) -> tuple[Sequence[BreakerTransition], int]:
        """Return at most ``limit`` transitions behind ``position``, oldest first, and the position of the last one.

        A reader that goes on from there misses nothing, whatever other processes write meanwhile.
        """
        query = (
            select(LoggedTransition)
            .where(LoggedTransition.position > position, LoggedTransition.cause.in_(_KNOWN_CAUSES))
            .order_by(LoggedTransition.position)
            .limit(limit)
        )

        def work(session: Session) -> tuple[Sequence[BreakerTransition], int]:
            rows = session.scalars(query).all()
            return _records(rows), rows[-1].position if rows else position

        return await self._hop.read(work)

    async def recent(self, since: datetime, limit: int) -> Sequence[BreakerTransition]:
        """Return at most ``limit`` transitions since ``since``, newest first."""
        query = (
            select(LoggedTransition)
            .where(LoggedTransition.at >= since, LoggedTransition.cause.in_(_KNOWN_CAUSES))
            .order_by(LoggedTransition.at.desc(), LoggedTransition.position.desc())
            .limit(limit)
        )
        return await self._hop.read(lambda session: _records(session.scalars(query)))

    async def forces(self) -> tuple[Sequence[BreakerTransition], int]:
        """Return the newest force of each upstream that still holds, and the newest position.

        A force is over when its time is, when an operator ended or reset it, or when another one followed.
        """
        query = select(LoggedTransition).where(_holds(self._clock.utcnow())).order_by(LoggedTransition.upstream)
        newest = select(func.coalesce(func.max(LoggedTransition.position), 0))

        def work(session: Session) -> tuple[Sequence[BreakerTransition], int]:
            return _records(session.scalars(query)), session.scalars(newest).one()

        return await self._hop.read(work)


def _take_turn(session: Session) -> None:
    # PostgreSQL gives out positions when rows are written, and shows rows when they are committed: a reader could see
    # position 8, go on from there, and miss 7. So writers wait for each other's commit; SQLite's always do.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_WRITERS_LOCK)))


def _sweep(session: Session, now: datetime) -> None:
    old = LoggedTransition.at < now - TRANSITIONS_KEPT
    doomed = select(LoggedTransition.position).where(old, not_(_holds(now))).limit(MOST_SWEPT)
    session.execute(delete(LoggedTransition).where(LoggedTransition.position.in_(doomed)))


def _holds(now: datetime) -> ColumnElement[bool]:
    """A force that is in force at ``now``."""
    newer = aliased(LoggedTransition)
    ends = or_(
        newer.cause.in_((*_FORCES, "reset")),
        # Without an actor it says that time was up, which each force knows of itself.
        and_(newer.cause == "force_ended", newer.actor.is_not(None)),
    )
    follows = or_(newer.at > LoggedTransition.at, and_(newer.at == LoggedTransition.at, newer.id > LoggedTransition.id))
    return and_(
        LoggedTransition.cause.in_(_FORCES),
        or_(LoggedTransition.until.is_(None), LoggedTransition.until > now),
        not_(exists().where(newer.upstream == LoggedTransition.upstream, ends, follows)),
    )


def _records(rows: Iterable[LoggedTransition]) -> list[BreakerTransition]:
    return [_record(row) for row in rows]


def _record(row: LoggedTransition) -> BreakerTransition:
    return BreakerTransition(
        id=row.id,
        at=row.at,
        node=row.node,
        upstream=row.upstream,
        before=convert(row.before, BreakerPhase),
        after=convert(row.after, BreakerPhase),
        cause=convert(row.cause, BreakerCause),
        detail=row.detail,
        actor=row.actor,
        until=row.until,
    )

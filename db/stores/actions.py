"""What operators did, on SQL."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import convert, structs
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import LoggedAction
from router_core.clock import Clock
from router_core.ports.keeping import ACTIONS_KEPT, SweepPace, as_kept
from router_core.types import OperatorAction, Role

__all__ = ["SqlActionLog"]

MOST_SWEPT = 5_000


class SqlActionLog:
    """Keeps actions for 90 days; an :class:`ActionLog`.

    What is older is removed with an append, at most once an hour in each process and 5,000 rows at once.
    """

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock
        self._pace = SweepPace(clock)

    async def append(self, action: OperatorAction) -> None:
        """Store ``action``. Raises :class:`ValidationError` when its id is taken or a value is not allowed."""
        row = as_kept(action)
        cutoff, sweeps = self._clock.utcnow() - ACTIONS_KEPT, self._pace.due()

        def work(session: Session) -> None:
            session.add(LoggedAction(**structs.asdict(row)))
            if sweeps:
                _sweep(session, cutoff)

        await self._hop.write(work)

    async def recent(self, limit: int) -> Sequence[OperatorAction]:
        """Return at most ``limit`` actions, newest first."""
        query = select(LoggedAction).order_by(LoggedAction.at.desc(), LoggedAction.id.desc()).limit(limit)
        return await self._hop.read(lambda session: [_record(row) for row in session.scalars(query)])


def _sweep(session: Session, cutoff: datetime) -> None:
    # Rows that another process is removing are its own.
    doomed = select(LoggedAction.id).where(LoggedAction.at < cutoff).limit(MOST_SWEPT).with_for_update(skip_locked=True)
    session.execute(delete(LoggedAction).where(LoggedAction.id.in_(doomed)))


def _record(row: LoggedAction) -> OperatorAction:
    return OperatorAction(
        id=row.id,
        at=row.at,
        actor=row.actor,
        actor_id=row.actor_id,
        role=convert(row.role, Role | None),
        action=row.action,
        target=row.target,
        detail=row.detail,
    )

"""The uptime of providers, on SQL."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import UptimeSlot
from db.upserts import insert_into
from router_core.clock import Clock
from router_core.ports import HealthSlot
from router_core.ports.keeping import SLOTS_KEPT, SweepPace, as_kept

__all__ = ["SqlHealthHistory"]

MOST_SWEPT = 5_000


class SqlHealthHistory:
    """Keeps slots for 40 days; a :class:`HealthHistory`.

    What is older is removed with an addition, at most once an hour in each process and 5,000 rows at once.
    """

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock
        self._pace = SweepPace(clock)

    async def add(self, slots: Sequence[HealthSlot]) -> None:
        """Add the signs of ``slots`` to what is kept, all or none of them; other processes may do so meanwhile.

        Raises :class:`ValidationError` for negative counts.
        """
        # In one order in every process, so that two of them never wait for each other.
        rows = sorted((as_kept(slot) for slot in slots), key=lambda slot: (slot.provider, slot.start))
        if not rows:
            return
        cutoff, sweeps = self._clock.utcnow() - SLOTS_KEPT, self._pace.due()

        def work(session: Session) -> None:
            _add(session, rows)
            if sweeps:
                _sweep(session, cutoff)

        await self._hop.write(work)

    async def since(self, start: datetime) -> Sequence[HealthSlot]:
        """Return the slots that start at ``start`` or later, oldest first."""
        query = select(UptimeSlot).where(UptimeSlot.start >= start).order_by(UptimeSlot.start, UptimeSlot.provider)
        return await self._hop.read(lambda session: [_record(row) for row in session.scalars(query)])


def _add(session: Session, rows: Sequence[HealthSlot]) -> None:
    statement = insert_into(session, UptimeSlot.__table__)
    added = {"good": UptimeSlot.good + statement.excluded.good, "bad": UptimeSlot.bad + statement.excluded.bad}
    addition = statement.on_conflict_do_update(index_elements=["provider", "start"], set_=added)
    session.execute(addition, [structs.asdict(row) for row in rows])


def _sweep(session: Session, cutoff: datetime) -> None:
    key = tuple_(UptimeSlot.provider, UptimeSlot.start)
    # Rows that another process is removing are its own.
    doomed = (
        select(UptimeSlot.provider, UptimeSlot.start)
        .where(UptimeSlot.start < cutoff)
        .limit(MOST_SWEPT)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(UptimeSlot).where(key.in_(doomed)))


def _record(row: UptimeSlot) -> HealthSlot:
    return HealthSlot(provider=row.provider, start=row.start, good=row.good, bad=row.bad)

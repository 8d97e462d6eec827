"""What breakers did, in memory: for a process without a database."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from router_core.clock import Clock
from router_core.ports.keeping import TRANSITIONS_KEPT, SweepPace, as_kept, refuse
from router_core.types import BreakerTransition
from router_core.types.breaker import BreakerCause, BreakerPhase

__all__ = ["MemoryBreakerLog"]

_FORCES = ("forced_open", "forced_closed")


class MemoryBreakerLog:
    """Keeps transitions for 90 days, and a force for as long as it holds; a :class:`BreakerLog`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = SweepPace(clock)
        self._rows: list[tuple[int, BreakerTransition]] = []
        self._ids: set[str] = set()
        self._newest = 0

    async def append(self, transitions: Sequence[BreakerTransition]) -> None:
        """Store ``transitions``; those whose id is known already are left as they are.

        Raises :class:`ValidationError` for what cannot be stored, and nothing is stored then.
        """
        for row in [_checked(each) for each in transitions]:
            if row.id not in self._ids:
                self._newest += 1
                self._ids.add(row.id)
                self._rows.append((self._newest, row))
        if transitions and self._pace.due():
            self._sweep()

    async def after(self, position: int, limit: int) -> tuple[Sequence[BreakerTransition], int]:
        """Return at most ``limit`` transitions behind ``position``, oldest first, and the position of the last one."""
        first = bisect_right(self._rows, position, key=lambda row: row[0])
        page = self._rows[first : first + limit]
        return [row for _, row in page], page[-1][0] if page else position

    async def recent(self, since: datetime, limit: int) -> Sequence[BreakerTransition]:
        """Return at most ``limit`` transitions since ``since``, newest first."""
        rows = [(row.at, position, row) for position, row in self._rows if row.at >= since]
        return [row for _, _, row in sorted(rows, key=lambda each: each[:2], reverse=True)[:limit]]

    async def forces(self) -> tuple[Sequence[BreakerTransition], int]:
        """Return the newest force of each upstream that still holds, and the newest position.

        A force is over when its time is, when an operator ended or reset it, or when another one followed.
        """
        return self._holding(), self._newest

    def _holding(self) -> list[BreakerTransition]:
        last: dict[str, BreakerTransition] = {}
        for row in sorted((row for _, row in self._rows), key=lambda each: (each.at, each.id)):
            if row.cause in (*_FORCES, "reset") or (row.cause == "force_ended" and row.actor is not None):
                last[row.upstream] = row
        now = self._clock.utcnow()
        held = (row for row in last.values() if row.cause in _FORCES and (row.until is None or row.until > now))
        return sorted(held, key=lambda row: row.upstream)

    def _sweep(self) -> None:
        oldest = self._clock.utcnow() - TRANSITIONS_KEPT
        held = {row.id for row in self._holding()}
        self._rows = [(position, row) for position, row in self._rows if row.at >= oldest or row.id in held]
        self._ids = {row.id for _, row in self._rows}


def _checked(transition: BreakerTransition) -> BreakerTransition:
    row = as_kept(transition)
    refuse(not row.id, "id", "is not allowed")
    refuse(row.before not in get_args(BreakerPhase), "before", "is not allowed")
    refuse(row.after not in get_args(BreakerPhase), "after", "is not allowed")
    refuse(row.cause not in get_args(BreakerCause), "cause", "is not allowed")
    return row

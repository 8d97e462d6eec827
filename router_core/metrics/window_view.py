"""One window as the store had it last: only the steps that changed since are read again."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from router_core.clock import Clock
from router_core.errors import OverloadedError
from router_core.metrics.overlay import READING_TRIES, PendingEvents
from router_core.metrics.step_sums import fold_steps
from router_core.metrics.window_sums import Frame, WindowSums
from router_core.ports import MetricsStore, StoredMeasures
from router_core.types import MetricsFilter, RequestEvent

__all__ = ["WindowView"]


class WindowView:
    """Keeps the sums of one window and choice. It belongs to one event loop; who reads meanwhile waits."""

    def __init__(self, store: MetricsStore, span: int, chosen: MetricsFilter) -> None:
        self._store = store
        self._span = span
        self.chosen = chosen
        self._sums: WindowSums | None = None
        self._as_of: datetime | None = None
        self._turn = asyncio.Lock()

    async def read(
        self, frame: Frame, pending: PendingEvents, clock: Clock
    ) -> tuple[WindowSums, Sequence[RequestEvent], datetime]:
        """Return the sums over ``frame``, what is not in them yet, and as of when: no event twice, none missed.

        While the store is out of reach the sums are those of its last answer. Raises :class:`OverloadedError` where
        there was none.
        """
        async with self._turn:
            for _ in range(READING_TRIES):
                version, events = pending.version, pending.events()
                try:
                    sums = await self._refreshed(frame)
                except OverloadedError:
                    if self._sums is None or self._as_of is None:
                        raise
                    return self._sums.moved(frame, self._sums.steps), events, self._as_of
                if version == pending.version:
                    break
            self._as_of = clock.utcnow()
            return sums, events, self._as_of

    async def _refreshed(self, frame: Frame) -> WindowSums:
        known = self._sums or WindowSums.empty(frame)
        stamps = await self._store.step_stamps(self._span, frame.before, self.chosen)
        stale = [start for start, stamp in stamps.items() if not _holds(known, start, stamp)]
        stored = await self._store.steps(self._span, stale, self.chosen) if stale else ()
        # A window never seen before is thousands of sketches: in a thread, since requests are served on this loop.
        self._sums = await asyncio.to_thread(_moved, known, frame, stamps, stored)
        return self._sums


def _holds(known: WindowSums, start: datetime, stamp: tuple[int, int]) -> bool:
    step = known.steps.get(start)
    return step is not None and step.stamp == stamp


def _moved(
    known: WindowSums, frame: Frame, stamps: dict[datetime, tuple[int, int]], stored: Sequence[StoredMeasures]
) -> WindowSums:
    fresh = fold_steps(stored, stamps)
    kept = {start: step for start in stamps if (step := fresh.get(start) or known.steps.get(start)) is not None}
    return known.moved(frame, kept)

"""A bound on a wait for somebody else, which our own event loop's delay does not use up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

__all__ = ["patient_timeout"]

_TICKS: Final = 4
# A tick that is later than this says that the loop was held up: what came meanwhile may not have been looked at yet.
_LATE_S: Final = 0.01
_LATE_SHARE: Final = 0.5
_MOST_LATE: Final = 6


@asynccontextmanager
async def patient_timeout(seconds: float) -> AsyncIterator[None]:
    """Raise ``TimeoutError`` when the block takes longer than ``seconds``, by a loop that is on time.

    The time is counted in quarters. One that ends late does not count, six of them at most.
    """
    async with asyncio.timeout(None) as bound:
        ticks = _Ticks(bound, seconds / _TICKS)
        try:
            yield
        finally:
            ticks.stop()


class _Ticks:
    __slots__ = ("_bound", "_due", "_handle", "_late", "_left", "_loop", "_step")

    def __init__(self, bound: asyncio.Timeout, step: float) -> None:
        self._bound = bound
        self._step = step
        self._left, self._late = _TICKS, _MOST_LATE
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + step
        self._handle = self._loop.call_at(self._due, self._tick)

    def stop(self) -> None:
        self._handle.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        if now - self._due > min(_LATE_S, _LATE_SHARE * self._step) and self._late:
            self._late -= 1
        else:
            self._left -= 1
        if not self._left:
            self._bound.reschedule(now)
            return
        self._due = now + self._step
        self._handle = self._loop.call_at(self._due, self._tick)

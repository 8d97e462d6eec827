"""Notices when this process cannot keep up: its event loop answers late."""

from router_core.clock import Clock
from router_core.resilience.concurrency import AdaptiveLimit

__all__ = ["LoopWatch"]

DEFAULT_INTERVAL = 0.25
DEFAULT_TOLERANCE = 0.25
LATE_IN_A_ROW = 3


class LoopWatch:
    """Sleeps ``interval`` seconds again and again; three wakings in a row ``tolerance`` late are an overload.

    One late waking is nothing: a collection of garbage or a screen being drawn does that. ``lag`` is the newest
    lateness in seconds.
    """

    def __init__(
        self,
        load: AdaptiveLimit,
        clock: Clock,
        *,
        interval: float = DEFAULT_INTERVAL,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> None:
        self._load = load
        self._clock = clock
        self._interval = interval
        self._tolerance = tolerance
        self._late = 0
        self.lag = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            asleep = self._clock.now()
            await self._clock.sleep(self._interval)
            self.note(self._clock.now() - asleep - self._interval)

    def note(self, lag: float) -> None:
        """Take one waking that was ``lag`` seconds late."""
        self.lag = lag
        self._late = self._late + 1 if lag > self._tolerance else 0
        if self._late >= LATE_IN_A_ROW:
            self._load.note_overload()
        elif self._late == 0:
            self._load.note_good()

"""A clock for tests: time stands still until somebody sleeps or a test moves it."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

__all__ = ["START", "FakeClock"]

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """Virtual time: ``sleep`` returns at once, having moved both clocks; ``waits`` keeps every sleep in seconds.

    ``random`` comes from ``seed``, so a run can be repeated.
    """

    def __init__(self, *, start: datetime = START, seed: int = 0) -> None:
        self._start = start
        self._elapsed = 0.0
        self._wall_shift = timedelta()
        self._rng = random.Random(seed)
        self.waits: list[float] = []

    def now(self) -> float:
        return self._elapsed

    def utcnow(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed) + self._wall_shift

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def random(self) -> float:
        return self._rng.random()

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on both clocks."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._elapsed += seconds

    def shift_wall(self, by: timedelta) -> None:
        """Move the wall clock alone, as an operator or NTP would."""
        self._wall_shift += by

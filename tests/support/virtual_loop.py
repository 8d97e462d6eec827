"""An event loop whose time stands still while anything can run, and jumps to the next timer when nothing can."""

import asyncio
import random
import selectors
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["VirtualClock", "VirtualLoop"]

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: no file is ever ready, and every wait has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("every task waits for something that will never happen")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Everything timed by the loop (sleeps, timeouts, ``call_later``) happens in order and without waiting."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class VirtualClock:
    """The loop's own time as a clock; ``random`` comes from ``rng``."""

    def __init__(self, loop: VirtualLoop, rng: random.Random) -> None:
        self._loop = loop
        self._rng = rng

    def now(self) -> float:
        return self._loop.time()

    def utcnow(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        return self._rng.random()

"""Limiters of every kind, on a clock that tests move."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from router_core.ports import RequestLimiter
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from tests.support.fake_clock import FakeClock

__all__ = ["LimiterRig", "memory_rig"]


async def _nothing_open() -> None:
    """What was given back is back already."""


@dataclass(frozen=True)
class LimiterRig:
    """A limiter; ``pass_time`` moves the clock that it goes by, ``settled`` waits until what was given is back."""

    limiter: RequestLimiter
    pass_time: Callable[[float], Awaitable[None]]
    settled: Callable[[], Awaitable[None]] = _nothing_open


def memory_rig() -> LimiterRig:
    clock = FakeClock()

    async def pass_time(seconds: float) -> None:
        clock.advance(seconds)

    return LimiterRig(MemoryLimiter(clock), pass_time)

"""Limiters of every kind, on a clock that tests move."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from router_core.ports import RequestLimiter
from router_core.rate_limiting.limit_script import limit_script
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.rate_limiting.redis_rate_limiter import RedisLimiter
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import DefaultLimit, Secret
from tests.support.fake_clock import FakeClock
from tests.support.redis_server import RedisServer

__all__ = ["STANDARD_LIMIT", "LimiterRig", "TimedRedis", "memory_rig", "redis_rig"]

STANDARD_LIMIT: Final = DefaultLimit(10.0, 50)
# The same script, but for where it reads the time.
_CLOCK_KEY: Final = "test:clock"
_TIMED: Final = limit_script(f"redis.call('HMGET', '{_CLOCK_KEY}', 'seconds', 'micros')")
# A loaded machine is no outage.
_PATIENT: Final = LinkPolicy(call_timeout_s=5.0)


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


class TimedRedis:
    """A limiter in a real Redis whose script reads the time where tests set it."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.micros = 1_800_000_000_000_000
        self.clock = FakeClock()
        self.link = RedisLink(connect(Secret(server.url), _PATIENT), self.clock, _PATIENT)
        self.script = _TIMED
        self.limiter = RedisLimiter(self.link, self.clock, script=_TIMED)
        self.move(0)

    def move(self, seconds: float) -> None:
        """Move the time of the server, in either direction."""
        self.micros += round(seconds * 1_000_000)
        parts: dict[Any, Any] = {"seconds": self.micros // 1_000_000, "micros": self.micros % 1_000_000}
        self.server.client.hset(_CLOCK_KEY, mapping=parts)


@asynccontextmanager
async def redis_rig(server: RedisServer) -> AsyncIterator[LimiterRig]:
    timed = TimedRedis(server)

    async def pass_time(seconds: float) -> None:
        timed.move(seconds)

    try:
        yield LimiterRig(timed.limiter, pass_time, timed.limiter.told)
    finally:
        await timed.link.close()

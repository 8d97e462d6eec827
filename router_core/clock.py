"""The only place that reads time or randomness: everything else receives a :class:`Clock`."""

import asyncio
import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "new_ulid"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
_ULID_PAIRS = 13
_ULID_RANDOM_BITS = 80
_HALF = 1 << 40
_TIMER_GRAIN_S = 0.001


class Clock(Protocol):
    """Time and chance, as seen by the router."""

    def now(self) -> float:
        """Return monotonic seconds; only differences mean anything."""
        ...

    def utcnow(self) -> datetime:
        """Return the wall clock as an aware UTC datetime."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``, not less."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1) for jitter and weights; not for secrets."""
        ...


class SystemClock:
    """The machine's own clocks and random generators."""

    __slots__ = ("_rng",)

    def __init__(self) -> None:
        self._rng = random.Random(secrets.randbits(128))

    def now(self) -> float:
        return time.monotonic()

    def utcnow(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        await asyncio.sleep(seconds)
        # The loop's timers count whole milliseconds from a time read before; who woke early would find a rest not yet
        # over.
        while (early := end - time.monotonic()) > 0:  # noqa: ASYNC110 - waits for a time, not for an event
            await asyncio.sleep(early + _TIMER_GRAIN_S)

    def random(self) -> float:
        return self._rng.random()


def new_ulid(clock: Clock) -> str:
    """Return a 26-character ULID: 48 bits of Unix milliseconds, then 80 random bits, in Crockford base 32.

    An identifier, not a secret: whoever knows many may guess others.
    """
    millis = int(clock.utcnow().timestamp() * 1000)
    chance = int(clock.random() * _HALF) << 40 | int(clock.random() * _HALF)
    value = (millis << _ULID_RANDOM_BITS) | chance
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(10 * (_ULID_PAIRS - 1), -1, -10)])

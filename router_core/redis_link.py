"""The one way to Redis: every call bounded in time, behind a breaker of its own that a single probe closes again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from router_core.clock import Clock
from router_core.errors import sanitize_message
from router_core.patient_timeout import patient_timeout
from router_core.types import Secret

__all__ = ["LinkDownError", "LinkPolicy", "LinkState", "RedisLink", "connect"]

_PROBE_KEY: Final = "signalbox:probe"
_PROBE_TTL_S: Final = 60
# Connections of probes and subscriptions.
_OTHERS: Final = 8
# What Redis says about itself rather than about one command: while that lasts, no other call will do better.
_UNUSABLE: Final = (ReadOnlyError, OutOfMemoryError, NoPermissionError)
_UNWRITABLE: Final = (ReadOnlyError, OutOfMemoryError)
_MISCONFIGURED: Final = "MISCONF"
_log = logging.getLogger(__name__)
T = TypeVar("T")


class LinkDownError(Exception):
    """Redis gave no answer in time, cannot be written, or is known to be away; the caller does without."""


class LinkPolicy(Struct, frozen=True, kw_only=True):
    """Seconds that a call may take, failures in a row that open the breaker, seconds between probes, connections.

    After a call that failed the next ones get ``suspect_timeout_s``: a request makes several, and must not wait out the
    whole bound for each of them before the breaker opens. Calls that began before a failure was counted count with it:
    what many meet in one moment is one thing. What is insisted on is tried ``repeats`` times more, ``repeat_after_s``
    apart.
    """

    call_timeout_s: float = 0.1
    suspect_timeout_s: float = 0.02
    failures: int = 3
    probe_every_s: float = 1.0
    # Few are opened at once when many ask, and one event loop keeps no more of them busy.
    connections: int = 8
    repeats: int = 2
    repeat_after_s: float = 0.1


class LinkState(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known about Redis: ``since`` is when it went up or down, ``skipped`` counts calls not made while down."""

    up: bool
    since: datetime
    calls: int
    failures: int
    skipped: int
    outages: int
    last_error: str | None


def connect(url: Secret, policy: LinkPolicy) -> Redis:
    """Return a client that retries nothing and opens its connections when they are needed.

    Raises ``ValueError`` for a URL that cannot be used.
    """
    pool = BlockingConnectionPool.from_url(
        url.reveal(),
        max_connections=policy.connections + _OTHERS,
        # Calls are bounded here, whatever they wait for: a connection, its first words, or an answer. With a bound of
        # its own the client would take the delays of our event loop for those of Redis.
        timeout=None,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class RedisLink:
    """Calls Redis for everybody in this process. :meth:`run` must be running for an outage to end."""

    def __init__(self, redis: Redis, clock: Clock, policy: LinkPolicy | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._policy = policy or LinkPolicy()
        self._turns = asyncio.Semaphore(self._policy.connections)
        self._up = True
        self._since = clock.utcnow()
        # Failures in a row; those of calls that began before the last of them was counted are that one again.
        self._in_a_row = self._moments = 0
        self._calls = self._failures = self._skipped = self._outages = 0
        self._last_error: str | None = None
        self._went_down = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether calls are made at all."""
        return self._up

    @property
    def redis(self) -> Redis:
        """The client itself, for subscriptions, which wait longer than a call may."""
        return self._redis

    def state(self) -> LinkState:
        """Return how the link is doing."""
        return LinkState(
            up=self._up,
            since=self._since,
            calls=self._calls,
            failures=self._failures,
            skipped=self._skipped,
            outages=self._outages,
            last_error=self._last_error,
        )

    async def insist(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Return what ``work`` gives, which may be done twice: one call that came too late does not speak for Redis.

        Raises :class:`LinkDownError`.
        """
        for _ in range(self._policy.repeats):
            try:
                return await self.call(work)
            except LinkDownError:
                if not self._up:
                    raise
            await self._clock.sleep(self._policy.repeat_after_s)
        return await self.call(work)

    async def call(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Return what ``work`` gets out of Redis.

        Raises :class:`LinkDownError` at once while Redis is down, else when there is no good answer within the bound.
        """
        if not self._up:
            self._skipped += 1
            raise LinkDownError("Redis is down")
        # Waiting for one's turn is no fault of Redis; those whose turn comes after an outage began do not call.
        async with self._turns:
            if self.up:
                return await self._made(work)
        self._skipped += 1
        raise LinkDownError("Redis is down")

    async def missing(self) -> str | None:
        """Return why Redis does not answer now, None when it does; no failure counts, for nothing relies on it yet."""
        try:
            async with asyncio.timeout(self._policy.call_timeout_s):
                await self._redis.set(_PROBE_KEY, b"1", ex=_PROBE_TTL_S)
        except (RedisError, OSError, TimeoutError) as error:
            return _told(error)
        return None

    async def run(self) -> None:
        """Probe Redis, one probe at a time, for as long as it is down; until cancelled."""
        while True:
            await self._went_down.wait()
            while not self._up:
                await self._clock.sleep(self._policy.probe_every_s * (0.75 + 0.5 * self._clock.random()))
                await self._probe()

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()

    async def _made(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        self._calls += 1
        suspect, moment = self._up and self._in_a_row > 0, self._moments
        try:
            async with patient_timeout(self._policy.suspect_timeout_s if suspect else self._policy.call_timeout_s):
                answer = await work(self._redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._failed(error, moment)
            raise LinkDownError("Redis gave no good answer") from None
        self._in_a_row = 0
        return answer

    async def _probe(self) -> None:
        """Write something that goes away by itself: a Redis that cannot be written is of no use."""
        try:
            await self._made(lambda redis: redis.set(_PROBE_KEY, b"1", ex=_PROBE_TTL_S))
        except LinkDownError:
            return
        self._up = True
        self._since = self._clock.utcnow()
        self._went_down.clear()
        _log.info("Redis is back")

    def _failed(self, error: Exception, moment: int) -> None:
        self._failures += 1
        self._last_error = _told(error)
        unwritable = isinstance(error, _UNWRITABLE) or str(error).startswith(_MISCONFIGURED)
        if isinstance(error, ResponseError) and not isinstance(error, _UNUSABLE) and not unwritable:
            _log.error("Redis refused a command: %s", self._last_error)
            return
        if moment == self._moments:
            self._moments += 1
            self._in_a_row += 1
        # Reads go on in a Redis that cannot be written, and would hide that for ever.
        if self._up and (unwritable or self._in_a_row >= self._policy.failures):
            self._up = False
            self._outages += 1
            self._since = self._clock.utcnow()
            self._went_down.set()
            _log.warning("Redis is down, going on without it: %s", self._last_error)


def _told(error: Exception) -> str:
    text = sanitize_message(str(error)) or "no answer in time"
    return f"{type(error).__name__}: {text}"

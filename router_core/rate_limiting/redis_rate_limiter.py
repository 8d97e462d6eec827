"""Buckets that processes share in Redis: one round trip for all of a request, and this process's part without Redis."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from router_core.clock import Clock
from router_core.ports import BucketState, Draw, LimitAnswer, LimitAsk
from router_core.rate_limiting.known_levels import KnownLevels
from router_core.rate_limiting.limit_script import KEY_PREFIX, LimitScript, limit_script
from router_core.rate_limiting.memory_limiter import LimiterStats, MemoryLimiter, undivided
from router_core.redis_link import LinkDownError, RedisLink
from router_core.types import Bucket

__all__ = ["LEASE_S", "RENEW_EVERY_S", "RedisLimiter"]

# A place of a process that was killed is free again after this; one that lives says so more often.
LEASE_S: Final = 15.0
RENEW_EVERY_S: Final = 4.0
_TTL_MS: Final = int(LEASE_S * 1000)
_MOST_OWED: Final = 10_000


class _Taken(msgspec.Struct, array_like=True):
    chosen: int
    waits: tuple[float, ...]
    left: tuple[float, ...]
    passed: tuple[tuple[float, ...], ...]
    # What is left of the chosen.
    others: tuple[float, ...]


class _Given(NamedTuple):
    lease: str
    draw: Draw


_ENCODER: Final = msgspec.msgpack.Encoder()
_TAKEN: Final = msgspec.msgpack.Decoder(_Taken)
_STATES: Final = msgspec.msgpack.Decoder(tuple[tuple[float, ...], tuple[int, ...]])
_STANDARD: Final = limit_script()


class RedisLimiter:
    """A :class:`RequestLimiter` over ``link``. While that is down each process gives ``1 / share()`` of every limit,
    and what was gone when Redis last spoke stays gone until it has come back at its rate.

    ``installation`` keeps its buckets apart from those of others in the same Redis. :meth:`run` must be running where
    concurrency is limited; it belongs to one event loop.
    """

    def __init__(
        self,
        link: RedisLink,
        clock: Clock,
        share: Callable[[], int] = undivided,
        script: LimitScript = _STANDARD,
        *,
        installation: str = "",
    ) -> None:
        self._prefix = f"{KEY_PREFIX}{installation}:"
        self._link = link
        self._clock = clock
        self._script = script
        self._local = MemoryLimiter(clock, share)
        self._known = KnownLevels()
        self._admitted = self._refused = 0
        # Requests that were let in without Redis, and the places that others hold in it.
        self._here: set[str] = set()
        self._held: dict[str, tuple[Bucket, ...]] = {}
        # What Redis is still to be told.
        self._owed: list[_Given] = []
        self._telling: asyncio.Task[None] | None = None

    async def take(self, ask: LimitAsk) -> LimitAnswer:
        """Take everything that ``ask`` needs, or nothing."""
        places = _places(ask)
        try:
            answer = await self._taken(ask)
        except LinkDownError:
            self._owe_places(ask.lease, places)
            return await self._taken_here(ask)
        except BaseException:
            # Whoever gave up does not know whether it holds a place.
            self._owe_places(ask.lease, places)
            raise
        if answer.chosen is None:
            self._refused += 1
        else:
            self._admitted += 1
            if places:
                self._held[ask.lease] = places
                self._local.hold(ask.lease, places)
        return answer

    def give(self, lease: str, draws: Sequence[Draw]) -> None:
        """Put ``draws`` back, take them for a negative amount, whatever is there; end ``lease`` where it is held."""
        if lease in self._here:
            self._here.discard(lease)
            self._local.give(lease, draws)
            return
        self._local.end(lease, self._held.pop(lease, ()))
        self._known.give(draws, self._clock.now())
        self._owe([_Given(lease, each) for each in draws])

    async def look(self, buckets: Sequence[Bucket]) -> Sequence[BucketState]:
        """Return how ``buckets`` stand."""
        try:
            left, throttled = _STATES.decode(await self._run("look", [_Given("", Draw(each, 0)) for each in buckets]))
        except LinkDownError:
            self._recall(buckets)
            return await self._local.look(buckets)
        return [BucketState(*each) for each in zip(left, throttled, strict=True)]

    def stats(self) -> LimiterStats:
        """Return what it did."""
        local = self._local.stats()
        return LimiterStats(
            kind="redis" if self._link.up else "local",
            admitted=self._admitted + local.admitted,
            refused=self._refused + local.refused,
            local=local.admitted + local.refused,
            share=local.share,
            buckets=local.buckets,
            under_way=local.under_way,
        )

    async def run(self) -> None:
        """Keep the places of requests under way, and tell what could not be told, until cancelled."""
        while True:
            await self._clock.sleep(RENEW_EVERY_S)
            await self.renew()

    async def renew(self) -> None:
        """Say that the requests that hold places are still under way; tell what is owed."""
        held = [_Given(lease, Draw(each, 1)) for lease, places in self._held.items() for each in places]
        try:
            if held:
                await self._run("renew", held)
        except LinkDownError:
            return
        self._owe([])
        await self.told()

    async def told(self) -> None:
        """Wait until Redis was told everything that it can be told now."""
        if self._telling is not None:
            await asyncio.shield(self._telling)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _taken_here(self, ask: LimitAsk) -> LimitAnswer:
        for draws in (ask.must, *ask.choices):
            self._recall([each.bucket for each in draws])
        answer = await self._local.take(ask)
        if answer.chosen is not None and _settles_later(ask, answer.chosen):
            self._here.add(ask.lease)
        return answer

    def _recall(self, buckets: Sequence[Bucket]) -> None:
        """Begin without Redis where it left off."""
        now = self._clock.now()
        for each in buckets:
            taken = self._known.pop(each, now)
            if taken:
                self._local.know(each, taken)

    async def _taken(self, ask: LimitAsk) -> LimitAnswer:
        if not self._link.up:
            raise LinkDownError("Redis is down")
        keys: list[str] = []
        must = [self._packed(each, ask.lease, keys) for each in ask.must]
        choices = [[self._packed(each, ask.lease, keys) for each in draws] for draws in ask.choices]
        found = _TAKEN.decode(await self._evaluated(keys, _ENCODER.encode(("take", _TTL_MS, must, choices))))
        now, chosen = self._clock.now(), None if found.chosen < 0 else found.chosen
        self._known.note(ask.must, found.left, now)
        if chosen is not None and found.others:
            self._known.note(ask.choices[chosen], found.others, now)
        return LimitAnswer(chosen, found.waits, found.left, found.passed)

    async def _run(self, operation: str, given: Sequence[_Given]) -> bytes:
        keys: list[str] = []
        draws = [self._packed(each.draw, each.lease, keys) for each in given]
        return await self._evaluated(keys, _ENCODER.encode((operation, _TTL_MS, draws, ())))

    async def _evaluated(self, keys: list[str], packed: bytes) -> bytes:
        script, count = self._script, len(keys)

        async def work(redis: Redis) -> Any:
            try:
                return await redis.evalsha(script.sha, count, *keys, packed)
            except NoScriptError:
                return await redis.eval(script.text, count, *keys, packed)

        answer: bytes = await self._link.call(work)
        return answer

    def _packed(self, draw: Draw, lease: str, keys: list[str]) -> tuple[int, float, float, float, str, bool]:
        bucket = draw.bucket
        keys.append(self._prefix + bucket.key)
        return (len(keys), bucket.capacity, bucket.per_second, draw.amount, lease, bucket.unit == "requests")

    def _owe_places(self, lease: str, places: tuple[Bucket, ...]) -> None:
        if places:
            self._owe([_Given(lease, Draw(each, 1)) for each in places])

    def _owe(self, given: list[_Given]) -> None:
        """Have Redis told, in one trip with whatever else is to be told."""
        self._owed.extend(given[: _MOST_OWED - len(self._owed)])
        if self._owed and self._telling is None and self._link.up:
            self._telling = asyncio.create_task(self._tell())
            self._telling.add_done_callback(self._done_telling)

    async def _tell(self) -> None:
        while self._owed:
            telling, self._owed = self._owed, []
            try:
                await self._run("give", telling)
            except LinkDownError:
                # Places end as soon as Redis is back; tokens that came back meanwhile are not worth remembering.
                self._owed.extend(each for each in telling if each.draw.bucket.unit == "concurrency")
                return

    def _done_telling(self, _: "asyncio.Task[None]") -> None:
        self._telling = None


def _places(ask: LimitAsk) -> tuple[Bucket, ...]:
    return tuple([each.bucket for each in ask.must if each.bucket.unit == "concurrency"])


def _settles_later(ask: LimitAsk, chosen: int) -> bool:
    """Say whether something of what was taken is given back or counted once the request has ended."""
    return any(each.bucket.unit != "requests" for each in (*ask.must, *ask.choices[chosen]))

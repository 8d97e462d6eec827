"""Buckets in this process: by themselves, as this process's share of limits, and while Redis is away."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from router_core.clock import Clock
from router_core.ports import BucketState, Draw, LimitAnswer, LimitAsk
from router_core.rate_limiting.levels import Levels
from router_core.rate_limiting.throttles import Throttles
from router_core.rate_limiting.token_bucket import wait_for
from router_core.types import Bucket

__all__ = ["PLACE_WAIT_S", "LimiterStats", "MemoryLimiter", "undivided"]

# Nobody knows when a request under way ends.
PLACE_WAIT_S = 1.0


class LimiterStats(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a limiter did since the process began. ``kind`` is where its buckets are now.

    ``local`` counts what was decided without Redis, ``share`` is the number of processes that limits are divided by
    while they are ``local``; ``buckets`` and ``under_way`` are those in memory.
    """

    kind: str
    admitted: int
    refused: int
    local: int
    share: int
    buckets: int
    under_way: int


def undivided() -> int:
    """Return that this process has limits to itself."""
    return 1


class MemoryLimiter:
    """A :class:`RequestLimiter` in memory. Of each limit it gives ``1 / share()``, but one unit at least."""

    __slots__ = ("_admitted", "_clock", "_leases", "_levels", "_refused", "_share", "_throttles")

    def __init__(self, clock: Clock, share: Callable[[], int] = undivided) -> None:
        self._clock = clock
        self._share = share
        self._levels = Levels()
        self._leases: dict[str, set[str]] = {}
        self._throttles = Throttles()
        self._admitted = self._refused = 0

    async def take(self, ask: LimitAsk) -> LimitAnswer:
        """Take everything that ``ask`` needs, or nothing."""
        now, share = self._clock.now(), self._share()
        waits = tuple([self._wait(each, now, share) for each in ask.must])
        chosen, passed = self._choice(ask, now, share)
        if chosen is None or any(waits):
            self._refused += 1
            self._note(ask, waits, passed, now)
            left = tuple([self._left(each.bucket, now, share) for each in ask.must])
            return LimitAnswer(None, waits, left, passed)
        for each in ask.must:
            self._draw(each, ask.lease, now, share)
        for each in ask.choices[chosen]:
            self._draw(each, ask.lease, now, share)
        self._admitted += 1
        left = tuple([self._left(each.bucket, now, share) for each in ask.must])
        return LimitAnswer(chosen, waits, left, passed)

    def give(self, lease: str, draws: Sequence[Draw]) -> None:
        """Put ``draws`` back, take them for a negative amount, whatever is there; end ``lease`` where it is held."""
        now, share = self._clock.now(), self._share()
        for draw in draws:
            bucket = draw.bucket
            if bucket.unit == "concurrency":
                self._end(bucket.key, lease)
            else:
                taken = max(0.0, self._levels.taken(bucket.key, now) - draw.amount)
                self._levels.put(bucket.key, taken, bucket.per_second / share, now)

    def know(self, bucket: Bucket, taken: float) -> None:
        """Of the whole of ``bucket`` at least ``taken`` is missing: the same share of this process's part of it is."""
        now, share = self._clock.now(), self._share()
        part = taken * _part(bucket.capacity, share) / bucket.capacity
        if part > self._levels.taken(bucket.key, now):
            self._levels.put(bucket.key, part, bucket.per_second / share, now)

    def hold(self, lease: str, places: Sequence[Bucket]) -> None:
        """``lease`` holds a place in each of ``places``, whoever gave it."""
        for each in places:
            self._leases.setdefault(each.key, set()).add(lease)

    def end(self, lease: str, places: Sequence[Bucket]) -> None:
        """``lease`` holds none of ``places`` any more."""
        for each in places:
            self._end(each.key, lease)

    async def look(self, buckets: Sequence[Bucket]) -> Sequence[BucketState]:
        """Return how ``buckets`` stand."""
        now, share = self._clock.now(), self._share()
        return [BucketState(self._left(each, now, share), self._throttles.count(each.key, now)) for each in buckets]

    def stats(self) -> LimiterStats:
        """Return what it did."""
        return LimiterStats(
            kind="memory", admitted=self._admitted, refused=self._refused, local=self._admitted + self._refused,
            share=self._share(), buckets=len(self._levels), under_way=sum(map(len, self._leases.values())),
        )  # fmt: skip

    # --- inside ----------------------------------------------------------------------------------------------------

    def _choice(self, ask: LimitAsk, now: float, share: int) -> tuple[int | None, tuple[tuple[float, ...], ...]]:
        passed: list[tuple[float, ...]] = []
        for index, draws in enumerate(ask.choices):
            waits = tuple([self._wait(each, now, share) for each in draws])
            if not any(waits):
                return index, tuple(passed)
            passed.append(waits)
        return None, tuple(passed)

    def _wait(self, draw: Draw, now: float, share: int) -> float:
        bucket = draw.bucket
        capacity = bucket.capacity if share == 1 else _part(bucket.capacity, share)
        if bucket.unit == "concurrency":
            held = self._leases.get(bucket.key)
            return PLACE_WAIT_S if held is not None and len(held) + draw.amount > capacity else 0.0
        return wait_for(draw.amount, self._taken(bucket, capacity, now), capacity, bucket.per_second / share)

    def _left(self, bucket: Bucket, now: float, share: int) -> float:
        capacity = bucket.capacity if share == 1 else _part(bucket.capacity, share)
        if bucket.unit == "concurrency":
            return capacity - len(self._leases.get(bucket.key, ()))
        return capacity - self._taken(bucket, capacity, now)

    def _taken(self, bucket: Bucket, capacity: float, now: float) -> float:
        """Return what is missing; of requests at most all of them, for only a limit that was cut could make it more."""
        taken = self._levels.taken(bucket.key, now)
        return min(taken, capacity) if bucket.unit == "requests" else taken

    def _draw(self, draw: Draw, lease: str, now: float, share: int) -> None:
        bucket = draw.bucket
        if bucket.unit == "concurrency":
            self._leases.setdefault(bucket.key, set()).add(lease)
        else:
            capacity = bucket.capacity if share == 1 else _part(bucket.capacity, share)
            taken = self._taken(bucket, capacity, now) + draw.amount
            self._levels.put(bucket.key, taken, bucket.per_second / share, now)

    def _end(self, key: str, lease: str) -> None:
        held = self._leases.get(key)
        if held is not None:
            held.discard(lease)
            if not held:
                del self._leases[key]

    def _note(self, ask: LimitAsk, waits: tuple[float, ...], passed: tuple[tuple[float, ...], ...], now: float) -> None:
        """Count the refusal where it came from: in what the caller must have, else in what no choice had."""
        draws = [(ask.must, waits)] if any(waits) else list(zip(ask.choices, passed, strict=True))
        for asked, found in draws:
            for draw, wait in zip(asked, found, strict=True):
                if wait:
                    self._throttles.note(draw.bucket.key, now)


def _part(capacity: float, share: int) -> float:
    return max(1.0, capacity / share)

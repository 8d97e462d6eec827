"""What Redis last said of buckets, for when it says nothing any more."""

from collections.abc import Sequence
from typing import Final

from router_core.ports import Draw
from router_core.rate_limiting.token_bucket import taken_at
from router_core.types import Bucket

__all__ = ["KnownLevels"]

_MOST_KEYS: Final = 10_000


class KnownLevels:
    """How far buckets were drawn down when they were last seen; of the 10,000 that were seen last."""

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}

    def note(self, draws: Sequence[Draw], left: Sequence[float], now: float) -> None:
        """At ``now`` so much was ``left`` in the bucket of each draw."""
        levels = self._levels
        for draw, each in zip(draws, left, strict=True):
            bucket = draw.bucket
            if bucket.unit == "concurrency":
                continue
            # The one that was seen last is at the end.
            levels.pop(bucket.key, None)
            levels[bucket.key] = (bucket.capacity - each, now)
            if len(levels) > _MOST_KEYS:
                del levels[next(iter(levels))]

    def give(self, draws: Sequence[Draw], now: float) -> None:
        """``draws`` were put back, taken for a negative amount."""
        for draw in draws:
            bucket = draw.bucket
            if bucket.key in self._levels:
                taken = self._taken(bucket, now) - draw.amount
                self._levels[bucket.key] = (max(0.0, taken), now)

    def pop(self, bucket: Bucket, now: float) -> float:
        """Return what is missing in ``bucket`` for all that is known, and forget it; 0 when nothing is."""
        taken = self._taken(bucket, now)
        self._levels.pop(bucket.key, None)
        return taken

    def _taken(self, bucket: Bucket, now: float) -> float:
        taken, seen = self._levels.get(bucket.key, (0.0, now))
        return taken_at(taken, bucket.per_second, now - seen)

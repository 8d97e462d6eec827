"""The sum of the steps inside a window that moves on: what enters is added, what leaves is taken out."""

from collections.abc import Mapping

from router_core.metrics.attempt_bucket import AttemptBucket

__all__ = ["SlidingSum"]


class SlidingSum:
    """Sums closed buckets by step number. It belongs to whoever holds the readers' lock."""

    __slots__ = ("_end", "_first", "_held", "_sum")

    def __init__(self) -> None:
        self._held: dict[int, AttemptBucket] = {}
        self._sum = AttemptBucket()
        self._first = self._end = 0

    def move(self, first: int, end: int, buckets: Mapping[int, AttemptBucket]) -> AttemptBucket:
        """Return the sum of the steps from ``first`` up to, but not including, ``end``; not to be changed."""
        if first >= self._end or first < self._first or end < self._end:
            self._held, self._sum, self._end = {}, AttemptBucket(), first
        for step in [each for each in self._held if each < first]:
            self._sum.take(self._held.pop(step))
        for step in range(max(self._end, first), end):
            bucket = buckets.get(step)
            if bucket is not None:
                self._held[step] = bucket
                self._sum.add(bucket)
        self._first, self._end = first, end
        return self._sum

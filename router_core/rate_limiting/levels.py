"""How far many buckets are drawn down, in little memory: a million of them in some 170 MB."""

from msgspec import Struct

__all__ = ["STALE_S", "Levels"]

STALE_S = 3_600.0
SWEEP_EVERY_S = 600.0
# Swept with each draw: a sweep is over long before the next is due, and no draw waits for it.
SWEPT_AT_ONCE = 4


class _Level(Struct, gc=False):
    """When a bucket is full again, at the rate at which it was last drawn from. Seconds of the monotonic clock."""

    full_at: float
    per_second: float


class Levels:
    """What is missing in each bucket. One that has been full for an hour is dropped, which changes nothing."""

    __slots__ = ("_due", "_levels", "_next_sweep")

    def __init__(self) -> None:
        self._levels: dict[str, _Level] = {}
        self._due: list[str] = []
        self._next_sweep = 0.0

    def __len__(self) -> int:
        return len(self._levels)

    def taken(self, key: str, now: float) -> float:
        """Return what is missing in the bucket ``key`` at ``now``."""
        level = self._levels.get(key)
        if level is None or level.full_at <= now:
            return 0.0
        return (level.full_at - now) * level.per_second

    def put(self, key: str, taken: float, per_second: float, now: float) -> None:
        """Have ``taken`` be missing in the bucket ``key`` at ``now``, and ``per_second`` come back from then on."""
        level = self._levels.get(key)
        if level is None:
            self._levels[key] = _Level(now + taken / per_second, per_second)
        else:
            level.full_at = now + taken / per_second
            level.per_second = per_second
        if self._due or now >= self._next_sweep:
            self._sweep(now)

    def drop(self, key: str) -> None:
        """Make the bucket ``key`` full."""
        self._levels.pop(key, None)

    def clear(self) -> None:
        """Make every bucket full."""
        self._levels.clear()
        self._due.clear()

    def _sweep(self, now: float) -> None:
        if not self._due:
            self._next_sweep = now + SWEEP_EVERY_S
            self._due = list(self._levels)
        for key in self._due[-SWEPT_AT_ONCE:]:
            level = self._levels.get(key)
            if level is not None and now - level.full_at >= STALE_S:
                del self._levels[key]
        del self._due[-SWEPT_AT_ONCE:]

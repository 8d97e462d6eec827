"""Keeps bytes in the process: each for its time, all within a bound; what was not read for longest goes first."""

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

from router_core.clock import Clock
from router_core.types import CacheStats

__all__ = ["DEFAULT_LIMIT_BYTES", "SWEEP_S", "MemoryCache"]

SWEEP_S = 60.0
DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024
# What an entry takes beside its key and its value.
OVERHEAD_BYTES = 250
# So many entries are looked at without a pause.
SWEEP_PIECE = 5_000


class MemoryCache:
    """A :class:`CacheStrategy`; it belongs to one event loop. :meth:`run` is its task, without which only what is read
    again or in the way of something new is found to be out of time.
    """

    __slots__ = ("_clock", "_entries", "_evicted", "_hits", "_limit", "_misses", "_sets", "_size")

    def __init__(self, clock: Clock, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._clock = clock
        self._limit = limit_bytes
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._size = 0
        self._hits = self._misses = self._sets = self._evicted = 0

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under ``key``, None for nothing."""
        entry = self._entries.get(key)
        if entry is None:
            self._misses += 1
            return None
        if self._clock.now() >= entry[1]:
            self._drop(key)
            self._misses += 1
            return None
        self._entries.move_to_end(key)
        self._hits += 1
        return entry[0]

    async def set(self, key: str, value: bytes, ttl_ms: int) -> None:
        """Keep ``value`` under ``key`` for ``ttl_ms`` milliseconds; one that is larger than the bound is not kept."""
        entries, needed = self._entries, len(key) + len(value) + OVERHEAD_BYTES
        if key in entries:
            self._drop(key)
        if ttl_ms <= 0 or needed > self._limit:
            return
        entries[key] = (value, self._clock.now() + ttl_ms / 1000)
        self._size += needed
        self._sets += 1
        while self._size > self._limit:
            self._drop(next(iter(entries)))
            self._evicted += 1

    async def delete(self, key: str) -> None:
        """Keep nothing under ``key``."""
        if key in self._entries:
            self._drop(key)

    async def clear(self, which: Callable[[str], bool] | None = None) -> int:
        """Forget everything, or the keys that ``which`` is true for; return how many entries that were."""
        named = list(self._entries) if which is None else [key for key in self._entries if which(key)]
        for key in named:
            self._drop(key)
        return len(named)

    def get_stats(self) -> CacheStats:
        """Return how the cache is doing."""
        return CacheStats(
            kind="memory",
            hits=self._hits,
            misses=self._misses,
            sets=self._sets,
            entries=len(self._entries),
            size_bytes=self._size,
            limit_bytes=self._limit,
            evicted=self._evicted,
        )

    async def run(self) -> None:
        """Forget what is out of time, once a minute, until cancelled."""
        while True:
            await self._clock.sleep(SWEEP_S)
            await self.sweep()

    async def sweep(self) -> int:
        """Forget what is out of time; return how many entries that were."""
        swept, keys = 0, iter(list(self._entries))
        while piece := list(islice(keys, SWEEP_PIECE)):
            now = self._clock.now()
            for key in piece:
                entry = self._entries.get(key)
                if entry is not None and now >= entry[1]:
                    self._drop(key)
                    swept += 1
            await self._clock.sleep(0)
        return swept

    def _drop(self, key: str) -> None:
        value, _ = self._entries.pop(key)
        self._size -= len(key) + len(value) + OVERHEAD_BYTES

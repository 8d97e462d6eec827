"""Keeps bytes in Redis, for every process: each for its time, by Redis' own clock, below a prefix."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from redis.asyncio import Redis

from router_core.redis_link import LinkDownError, RedisLink
from router_core.types import CacheStats

__all__ = ["KEY_PREFIX", "RedisCache"]

KEY_PREFIX: Final = "llm:cache:"
SCAN_PIECE: Final = 1_000
# A scan that takes longer than this many pieces is given up: what is left goes by its own time.
MOST_PIECES: Final = 10_000


class RedisCache:
    """A :class:`CacheStrategy`. Whatever goes wrong on the way is a miss, and counted; nothing is raised."""

    __slots__ = ("_faults", "_hits", "_link", "_misses", "_prefix", "_sets")

    def __init__(self, link: RedisLink, prefix: str = KEY_PREFIX) -> None:
        self._link = link
        self._prefix = prefix
        self._hits = self._misses = self._sets = self._faults = 0

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under ``key``, None for nothing."""
        name = self._prefix + key
        found: bytes | None = await self._called(lambda redis: redis.get(name), None)
        if found is None:
            self._misses += 1
        else:
            self._hits += 1
        return found

    async def set(self, key: str, value: bytes, ttl_ms: int) -> None:
        """Keep ``value`` under ``key`` for ``ttl_ms`` milliseconds."""
        if ttl_ms <= 0:
            await self.delete(key)
            return
        name = self._prefix + key
        if await self._called(lambda redis: redis.set(name, value, px=ttl_ms), None):
            self._sets += 1

    async def delete(self, key: str) -> None:
        """Keep nothing under ``key``."""
        name = self._prefix + key
        await self._called(lambda redis: redis.unlink(name), 0)

    async def clear(self, which: Callable[[str], bool] | None = None) -> int:
        """Forget what is below the prefix, or the keys that ``which`` is true for; return how many entries that were.

        Redis is asked for a thousand keys at a time, so that it serves others meanwhile.
        """
        cursor, gone = 0, 0
        for _ in range(MOST_PIECES):
            found = await self._scan(cursor)
            if found is None:
                return gone
            cursor, names = found
            wanted = [each for each in names if which is None or which(self._key(each))]
            if wanted:
                gone += await self._unlink(wanted)
            if cursor == 0:
                break
        return gone

    def get_stats(self) -> CacheStats:
        """Return how this process fares with it."""
        return CacheStats(
            kind="redis",
            hits=self._hits,
            misses=self._misses,
            sets=self._sets,
            entries=None,
            size_bytes=None,
            faults=self._faults,
        )

    async def _scan(self, cursor: int) -> tuple[int, list[bytes]] | None:
        pattern = f"{self._prefix}*"
        found: tuple[int, list[bytes]] | None = await self._called(
            lambda redis: redis.scan(cursor, match=pattern, count=SCAN_PIECE), None
        )
        return found

    async def _unlink(self, names: list[bytes]) -> int:
        gone: int = await self._called(lambda redis: redis.unlink(*names), 0)
        return gone

    def _key(self, name: bytes) -> str:
        return name.decode("utf-8", "replace")[len(self._prefix) :]

    async def _called(self, work: Callable[[Redis], Awaitable[Any]], instead: Any) -> Any:
        try:
            return await self._link.call(work)
        except LinkDownError:
            self._faults += 1
            return instead

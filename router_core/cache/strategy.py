"""What every cache here looks like: the original system's interface."""

from collections.abc import Callable
from typing import Protocol

from router_core.types import CacheStats

__all__ = ["CacheStrategy"]


class CacheStrategy(Protocol):
    """Keeps bytes under keys for a while, under the names of the original system. A fault is a miss, never an error."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under ``key``, None for nothing."""
        ...

    async def set(self, key: str, value: bytes, ttl_ms: int) -> None:
        """Keep ``value`` under ``key`` for ``ttl_ms`` milliseconds."""
        ...

    async def delete(self, key: str) -> None:
        """Keep nothing under ``key``."""
        ...

    async def clear(self, which: Callable[[str], bool] | None = None) -> int:
        """Forget everything, or the keys that ``which`` is true for; return how many entries that were."""
        ...

    def get_stats(self) -> CacheStats:
        """Return how the cache is doing."""
        ...

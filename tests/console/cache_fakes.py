"""What the console knows of the cache of answers in tests."""

from router_core.admin.cache_desk import CachePurged, PurgeOrder
from router_core.errors import LLMError
from router_core.security.permissions import require
from router_core.types import CacheCounts, CacheReport, CacheStats, Principal

__all__ = ["CacheDouble"]

IN_MEMORY = CacheStats(
    kind="memory", hits=0, misses=0, sets=0, entries=0, size_bytes=0, limit_bytes=64 * 1024 * 1024,
)  # fmt: skip


class CacheDouble:
    """The cache of a console backend; ``error`` is raised by a purge."""

    def __init__(self) -> None:
        self.counts = CacheCounts()
        self.store = IN_MEMORY
        self.orders: list[PurgeOrder] = []
        self.error: LLMError | None = None

    async def report(self, person: Principal) -> CacheReport:
        require(person, "cache.read")
        return CacheReport(answers=self.counts, store=self.store)

    async def purge(self, order: PurgeOrder, person: Principal) -> CachePurged:
        require(person, "cache.purge")
        if self.error is not None:
            raise self.error
        self.orders.append(order)
        return CachePurged(revision=2, removed=3)

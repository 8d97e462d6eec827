"""What the console knows of the cache of answers in tests."""

from collections.abc import Sequence

from msgspec import structs

from router_core.admin.cache_desk import CachePurged, PurgeOrder
from router_core.errors import LLMError
from router_core.security.permissions import require
from router_core.types import CacheCounts, CacheMatch, CacheReport, CacheStats, Principal

__all__ = ["CacheDouble"]

IN_MEMORY = CacheStats(
    kind="memory", hits=0, misses=0, sets=0, entries=0, size_bytes=0, limit_bytes=64 * 1024 * 1024,
)  # fmt: skip


class CacheDouble:
    """The cache of a console backend; ``error`` is raised by a purge."""

    def __init__(self) -> None:
        self.counts = CacheCounts()
        self.store = IN_MEMORY
        self.found: list[CacheMatch] = []
        self.orders: list[PurgeOrder] = []
        self.error: LLMError | None = None

    async def report(self, person: Principal) -> CacheReport:
        require(person, "cache.read")
        return CacheReport(answers=self.counts, store=self.store)

    async def matches(self, person: Principal) -> Sequence[CacheMatch]:
        require(person, "cache.purge")
        return self.found

    async def call_wrong(self, match_id: str, person: Principal) -> CacheMatch:
        require(person, "cache.purge")
        place = next(number for number, each in enumerate(self.found) if each.id == match_id)
        self.found[place] = structs.replace(self.found[place], wrong=True)
        return self.found[place]

    async def purge(self, order: PurgeOrder, person: Principal) -> CachePurged:
        require(person, "cache.purge")
        if self.error is not None:
            raise self.error
        self.orders.append(order)
        return CachePurged(revision=2, removed=3)

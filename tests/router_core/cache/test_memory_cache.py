"""The cache in memory beyond the contract: its bound, its sweep, its figures."""

from router_core.cache.memory_cache import OVERHEAD_BYTES, SWEEP_S, MemoryCache
from tests.support.fake_clock import FakeClock

ENTRY = OVERHEAD_BYTES + 1 + 100


async def filled(cache: MemoryCache, *keys: str, ttl_ms: int = 1_000) -> None:
    for key in keys:
        await cache.set(key, b"x" * 100, ttl_ms)


async def kept(cache: MemoryCache, *keys: str) -> str:
    return "".join([key for key in keys if await cache.get(key) is not None])


async def test_what_was_not_read_for_longest_makes_room() -> None:
    cache = MemoryCache(FakeClock(), limit_bytes=3 * ENTRY)
    await filled(cache, "a", "b", "c")
    await cache.get("a")
    await filled(cache, "d")
    assert await kept(cache, "a", "b", "c", "d") == "acd"
    stats = cache.get_stats()
    assert (stats.entries, stats.size_bytes, stats.evicted) == (3, 3 * ENTRY, 1)


async def test_the_bound_holds_whatever_is_kept() -> None:
    cache = MemoryCache(FakeClock(), limit_bytes=10 * ENTRY)
    for number in range(500):
        await cache.set(f"k{number % 37}", b"x" * (number * 7 % 900), 1_000)
        size = cache.get_stats().size_bytes
        assert size is not None
        assert size <= 10 * ENTRY
    await cache.clear()
    assert (cache.get_stats().entries, cache.get_stats().size_bytes) == (0, 0)


async def test_what_is_larger_than_the_bound_is_not_kept_and_drives_nothing_out() -> None:
    cache = MemoryCache(FakeClock(), limit_bytes=2 * ENTRY)
    await filled(cache, "a")
    await cache.set("b", b"x" * 10_000, 1_000)
    assert await kept(cache, "a", "b") == "a"


async def test_a_sweep_removes_what_nobody_asks_for_any_more() -> None:
    clock = FakeClock()
    cache = MemoryCache(clock)
    await filled(cache, "a", "b")
    await filled(cache, "c", ttl_ms=100_000)
    clock.advance(SWEEP_S)
    assert await cache.sweep() == 2
    assert (cache.get_stats().entries, await kept(cache, "c")) == (1, "c")


async def test_hits_and_misses_make_the_hit_rate() -> None:
    clock = FakeClock()
    cache = MemoryCache(clock)
    assert cache.get_stats().hit_rate == 0
    await filled(cache, "a")
    await kept(cache, "a", "a", "a", "b")
    clock.advance(1)
    await cache.get("a")
    stats = cache.get_stats()
    assert (stats.hits, stats.misses, stats.hit_rate, stats.sets) == (3, 2, 0.6, 1)

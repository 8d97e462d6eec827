"""The contract of caches, in memory and in Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from router_core.cache.memory_cache import MemoryCache
from router_core.cache.redis_cache import KEY_PREFIX, RedisCache
from router_core.cache.strategy import CacheStrategy
from router_core.clock import SystemClock
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import Secret
from tests.support.redis_server import RedisServer

LONG_MS = 60_000
PATIENCE_S = 5.0


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[CacheStrategy]:
    """An empty cache of one kind, in real time."""
    if request.param == "memory":
        yield MemoryCache(SystemClock())
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    link = RedisLink(connect(Secret(server.url), LinkPolicy(call_timeout_s=5.0)), SystemClock())
    yield RedisCache(link)
    await link.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await SystemClock().sleep(0.01)


async def test_what_is_set_is_got_and_what_is_deleted_is_not(cache: CacheStrategy) -> None:
    await cache.set("a", b"one\x00\xff", LONG_MS)
    await cache.set("b", b"", LONG_MS)
    assert [await cache.get(key) for key in ("a", "b", "c")] == [b"one\x00\xff", b"", None]
    await cache.delete("a")
    await cache.delete("never")
    assert [await cache.get(key) for key in ("a", "b")] == [None, b""]


async def test_the_newest_value_and_its_time_hold(cache: CacheStrategy) -> None:
    await cache.set("a", b"one", 1)
    await cache.set("a", b"two", LONG_MS)
    await SystemClock().sleep(0.01)
    assert await cache.get("a") == b"two"
    await cache.set("a", b"three", 1)
    await SystemClock().sleep(0.01)
    assert await cache.get("a") is None


async def test_a_time_of_nothing_keeps_nothing(cache: CacheStrategy) -> None:
    await cache.set("a", b"one", LONG_MS)
    await cache.set("a", b"two", 0)
    assert await cache.get("a") is None


async def test_clear_forgets_all_or_what_is_meant(cache: CacheStrategy) -> None:
    for number in range(30):
        await cache.set(f"{'odd' if number % 2 else 'even'}:{number}", b"x", LONG_MS)
    assert await cache.clear(lambda key: key.startswith("odd:")) == 15
    assert (await cache.get("odd:1"), await cache.get("even:2")) == (None, b"x")
    assert await cache.clear() == 15
    assert await cache.get("even:2") is None
    assert await cache.clear() == 0


async def test_the_figures_count_hits_misses_and_sets(cache: CacheStrategy) -> None:
    await cache.set("a", b"one", LONG_MS)
    for key in ("a", "a", "b"):
        await cache.get(key)
    stats = cache.get_stats()
    assert (stats.hits, stats.misses, stats.sets, stats.faults) == (2, 1, 1, 0)
    assert stats.hit_rate == pytest.approx(2 / 3)


@pytest.mark.redis
async def test_redis_holds_it_below_its_prefix_with_its_own_time_and_touches_nothing_else(
    redis_server: RedisServer,
) -> None:
    plain = redis_server.client
    plain.set("other", b"stays")
    link = RedisLink(connect(Secret(redis_server.url), LinkPolicy(call_timeout_s=5.0)), SystemClock())
    cache = RedisCache(link)
    await cache.set("a", b"one", LONG_MS)
    assert plain.keys(f"{KEY_PREFIX}*") == [b"llm:cache:a"]
    assert 0 < plain.pttl("llm:cache:a") <= LONG_MS
    assert await cache.clear() == 1
    assert plain.keys("*") == [b"other"]
    await link.close()


@pytest.mark.redis
async def test_a_hung_or_dead_redis_is_a_miss_within_the_bound_and_counted() -> None:
    with RedisServer() as server:
        link = RedisLink(connect(Secret(server.url), LinkPolicy()), SystemClock())
        cache, clock = RedisCache(link), SystemClock()
        await cache.set("a", b"one", LONG_MS)
        server.suspend()
        took = []
        for _ in range(5):
            began = clock.now()
            assert await cache.get("a") is None
            took.append(clock.now() - began)
        await cache.set("b", b"two", LONG_MS)
        await cache.delete("b")
        assert await cache.clear() == 0
        stats = cache.get_stats()
        assert (stats.hits, stats.misses, stats.sets, stats.faults) == (0, 5, 1, 8)
        assert max(took) < 0.35
        assert max(took[3:]) < 0.02
        server.resume()
        await link.close()

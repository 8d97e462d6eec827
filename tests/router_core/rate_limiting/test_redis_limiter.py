"""Shared buckets when Redis is well, and when it is dead, hangs, is emptied, read-only, full, or lost our script."""

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import redis as plain_redis
from msgspec import structs

from router_core.clock import SystemClock
from router_core.ports import Draw, LimitAnswer, LimitAsk
from router_core.rate_limiting.limit_script import KEY_PREFIX
from router_core.rate_limiting.redis_rate_limiter import RedisLimiter
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import Bucket, Limit, Secret
from tests.support.lateness import lateness
from tests.support.limiter_kinds import TimedRedis
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis
LIMIT = Limit(scope="account", target="acme", requests_per_second=10, burst=50, tokens_per_minute=6_000, concurrency=2)
REQUESTS, TOKENS, PLACES = LIMIT.buckets()
STRANGERS = structs.replace(TOKENS, key="account:stranger:tokens")
OTHERS = structs.replace(REQUESTS, key="account:other:requests")
NODES = 4
HOUR = 3_600
PREFIX = f"{KEY_PREFIX}:"
PATIENCE_S = 5.0
QUICK_PROBES = LinkPolicy(probe_every_s=0.05)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that the test may hurt."""
    with RedisServer() as own:
        yield own


@pytest.fixture
async def timed(redis_server: RedisServer) -> AsyncIterator[TimedRedis]:
    rig = TimedRedis(redis_server)
    yield rig
    await rig.link.close()


@asynccontextmanager
async def limiter_on(server: RedisServer, policy: LinkPolicy = QUICK_PROBES) -> AsyncIterator[RedisLimiter]:
    """A limiter of one of four nodes, on the server's own time, whose link probes."""
    clock = SystemClock()
    link = RedisLink(connect(Secret(server.url), policy), clock, policy)
    probing = asyncio.create_task(link.run())
    try:
        yield RedisLimiter(link, clock, lambda: NODES)
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
        await link.close()


async def ask(limiter: RedisLimiter, *draws: Draw, lease: str = "r1") -> LimitAnswer:
    return await limiter.take(LimitAsk(lease, draws or (Draw(REQUESTS, 1),)))


async def admitted(limiter: RedisLimiter, count: int, bucket: Bucket = REQUESTS) -> int:
    return [(await ask(limiter, Draw(bucket, 1))).chosen for _ in range(count)].count(0)


async def until_down(limiter: RedisLimiter) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while limiter.stats().kind != "local":
            await ask(limiter, Draw(STRANGERS, 1))


async def until_back(limiter: RedisLimiter) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while limiter.stats().kind != "redis":
            await SystemClock().sleep(0.02)


# --- well ----------------------------------------------------------------------------------------------------------


async def test_two_processes_share_one_burst(redis_server: RedisServer) -> None:
    async with limiter_on(redis_server) as one, limiter_on(redis_server) as two:
        counts = await asyncio.gather(admitted(one, 60), admitted(two, 60))
    assert 50 <= sum(counts) <= 53


async def test_a_request_with_many_buckets_is_one_round_trip(timed: TimedRedis) -> None:
    await ask(timed.limiter)
    before = timed.link.state().calls
    await ask(timed.limiter, Draw(REQUESTS, 1), Draw(TOKENS, 10), Draw(PLACES, 1))
    assert timed.link.state().calls == before + 1


async def test_what_many_requests_give_back_at_once_is_one_round_trip(timed: TimedRedis) -> None:
    for lease in ("one", "two"):
        await ask(timed.limiter, Draw(TOKENS, 10), Draw(PLACES, 1), lease=lease)
    before = timed.link.state().calls
    for lease in ("one", "two"):
        timed.limiter.give(lease, [Draw(TOKENS, 10), Draw(PLACES, 1)])
    await timed.limiter.told()
    assert timed.link.state().calls == before + 1
    assert [each.left for each in await timed.limiter.look([TOKENS, PLACES])] == [6_000, 2]


async def test_every_key_ends_by_itself_and_a_full_bucket_has_none(timed: TimedRedis) -> None:
    client = timed.server.client
    await ask(timed.limiter, Draw(REQUESTS, 10), Draw(TOKENS, 600), Draw(PLACES, 1))
    for _ in range(2):
        await ask(timed.limiter, Draw(REQUESTS, 50))
    ends = {str(key): client.pttl(key) for key in client.keys(f"{KEY_PREFIX}*")}
    assert len(ends) == 4
    assert all(0 < left <= 1_200_000 for left in ends.values())
    assert 1_000 < ends[str((PREFIX + REQUESTS.key).encode())] <= 2_000
    timed.limiter.give("r1", [Draw(TOKENS, 600)])
    await timed.limiter.told()
    assert not client.exists(PREFIX + TOKENS.key)


async def test_a_clock_of_the_server_that_goes_back_lets_nobody_flood_and_locks_nobody_out(timed: TimedRedis) -> None:
    assert await admitted(timed.limiter, 60) == 50
    timed.move(-HOUR)
    assert await admitted(timed.limiter, 60) == 0
    timed.move(1)
    assert await admitted(timed.limiter, 60) == 10


async def test_a_clock_of_the_server_that_leaps_forward_brings_one_burst_at_most(timed: TimedRedis) -> None:
    assert await admitted(timed.limiter, 60) == 50
    timed.move(HOUR)
    assert await admitted(timed.limiter, 200) == 50


async def test_our_own_clocks_play_no_part(timed: TimedRedis) -> None:
    assert await admitted(timed.limiter, 50) == 50
    timed.clock.advance(HOUR)
    assert await admitted(timed.limiter, 1) == 0


async def test_a_place_of_a_killed_process_is_free_after_16_seconds_and_that_of_a_living_one_is_not(
    timed: TimedRedis,
) -> None:
    living = RedisLimiter(timed.link, timed.clock, script=timed.script)
    await ask(timed.limiter, Draw(PLACES, 1), lease="killed")
    await ask(living, Draw(PLACES, 1), lease="living")
    for _ in range(4):
        timed.move(4)
        await living.renew()
    assert [each.left for each in await living.look([PLACES])] == [1]
    living.give("living", [Draw(PLACES, 1)])
    await living.told()
    assert [each.left for each in await living.look([PLACES])] == [2]


async def test_a_request_cancelled_while_it_asks_holds_no_place(timed: TimedRedis) -> None:
    asking = asyncio.create_task(ask(timed.limiter, Draw(PLACES, 1), lease="gone"))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await timed.limiter.told()
    assert [each.left for each in await timed.limiter.look([PLACES])] == [2]


async def test_two_installations_on_one_redis_share_no_bucket(timed: TimedRedis) -> None:
    one, two = (RedisLimiter(timed.link, timed.clock, script=timed.script, installation=each) for each in ("a", "b"))
    assert [await admitted(one, 60), await admitted(two, 60)] == [50, 50]
    assert await admitted(RedisLimiter(timed.link, timed.clock, script=timed.script, installation="a"), 1) == 0


_DOUBLES = struct.Struct("<ddd")


@pytest.mark.parametrize("bucket", [REQUESTS, TOKENS, PLACES], ids=lambda each: each.unit)
@pytest.mark.parametrize(
    "garbage",
    [b"text", _DOUBLES.pack(math.nan, 0, 1), _DOUBLES.pack(1e300, 1, 1), _DOUBLES.pack(1, 1, 0), None],
    ids=["text", "nan", "huge", "rate 0", "hash"],
)
async def test_what_somebody_else_wrote_into_a_bucket_is_as_good_as_absent_and_is_written_over(
    timed: TimedRedis, bucket: Bucket, garbage: bytes | None
) -> None:
    key, client = PREFIX + bucket.key, timed.server.client
    for name in (key, f"{key}:refused:{timed.micros // 1_000_000 // 300}"):
        if garbage is None:
            client.hset(name, "field", "value")
        else:
            client.set(name, garbage)
    answers = [await ask(timed.limiter, Draw(bucket, bucket.capacity / 2), lease=f"r{each}") for each in range(3)]
    assert [each.chosen for each in answers] == [0, 0, None]
    (state,) = await timed.limiter.look([bucket])
    assert (state.left, state.throttled) == (0, 1)
    assert (timed.link.state().failures, timed.limiter.stats().local) == (0, 0)


# --- unwell --------------------------------------------------------------------------------------------------------


async def test_without_redis_each_node_gives_its_part_and_says_so(server: RedisServer) -> None:
    async with limiter_on(server) as limiter:
        assert await admitted(limiter, 60) >= 50
        server.stop()
        await until_down(limiter)
        # What was gone when Redis last spoke is gone; of others a quarter of 50 at once and of 10 a second.
        assert await admitted(limiter, 60) <= 3
        assert 12 <= await admitted(limiter, 60, OTHERS) <= 13
        (state,) = await limiter.look([REQUESTS])
        assert state.left < 1
        stats = limiter.stats()
        assert (stats.kind, stats.share, stats.local >= 60) == ("local", NODES, True)
        server.start()
        await until_back(limiter)
        assert await admitted(limiter, 60) >= 50


async def test_half_of_a_bucket_that_is_gone_is_half_of_each_part_and_a_place_that_is_held_is_held_there_too(
    server: RedisServer,
) -> None:
    async with limiter_on(server) as limiter:
        await ask(limiter, Draw(TOKENS, 4_000), Draw(PLACES, 1))
        limiter.give("r1", [Draw(TOKENS, 1_000), Draw(PLACES, 1)])
        await ask(limiter, Draw(PLACES, 1), lease="r2")
        server.stop()
        await until_down(limiter)
        tokens, places = await limiter.look([TOKENS, PLACES])
        assert 750 <= tokens.left < 800
        # A quarter of two places is one at least.
        assert places.left == 0


async def test_a_hanging_redis_holds_up_the_first_few_requests_by_at_most_150_ms(server: RedisServer) -> None:
    async with limiter_on(server) as limiter:
        await ask(limiter)
        clock = SystemClock()

        async def timed_ask() -> float:
            started = clock.now()
            await ask(limiter, Draw(TOKENS, 1))
            return clock.now() - started

        server.suspend()
        with lateness() as late:
            first = await asyncio.gather(*(timed_ask() for _ in range(10)))
            later = [await timed_ask() for _ in range(200)]
        server.resume()
        # The time is counted in steps, each of which the machine may be late for.
        assert max(*first, *later) < 0.25 + late.allowed_s
        assert sum(each > 0.05 for each in later) <= QUICK_PROBES.failures
        assert sorted(later)[100] < 0.005
        await until_back(limiter)


async def test_a_place_taken_while_redis_hung_is_given_back_when_it_is_there_again(server: RedisServer) -> None:
    async with limiter_on(server) as limiter:
        await ask(limiter)
        server.suspend()
        await ask(limiter, Draw(PLACES, 1), lease="late")
        limiter.give("late", [Draw(PLACES, 1)])
        server.resume()
        await until_back(limiter)
        await limiter.renew()
        assert [each.left for each in await limiter.look([PLACES])] == [2]


@pytest.mark.parametrize("trouble", ["readonly", "full", "script"])
async def test_a_redis_that_cannot_be_written_is_as_good_as_away_until_it_can(
    server: RedisServer, trouble: str
) -> None:
    client = server.client
    async with limiter_on(server) as limiter:
        assert (await ask(limiter)).chosen == 0
        if trouble == "script":
            client.script_flush()
            assert await admitted(limiter, 10) == 10
            assert limiter.stats().local == 0
            return
        _break(client, trouble)
        await until_down(limiter)
        assert 12 <= await admitted(limiter, 60) <= 13
        _mend(client)
        await until_back(limiter)
        assert (await ask(limiter)).chosen == 0


async def test_an_emptied_redis_costs_at_most_one_more_burst(timed: TimedRedis) -> None:
    assert await admitted(timed.limiter, 60) == 50
    timed.server.client.flushall()
    timed.move(0)
    assert await admitted(timed.limiter, 200) == 50
    assert math.isclose((await ask(timed.limiter)).waits[0], 0.1, abs_tol=1e-3)


def _break(client: "plain_redis.Redis", trouble: str) -> None:
    if trouble == "readonly":
        client.replicaof("127.0.0.1", "1")
    else:
        client.config_set("maxmemory", "1")


def _mend(client: "plain_redis.Redis") -> None:
    client.replicaof("NO", "ONE")
    client.config_set("maxmemory", "0")

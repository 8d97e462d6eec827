"""The link to Redis: bounded calls, a breaker of its own, and probes that never give up; over real servers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from router_core.clock import SystemClock
from router_core.redis_link import LinkDownError, LinkPolicy, RedisLink, connect
from router_core.types import Secret
from tests.support.lateness import lateness
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis
POLICY = LinkPolicy(probe_every_s=0.05)
PATIENCE_S = 5.0


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that the test may hurt."""
    with RedisServer() as own:
        yield own


@asynccontextmanager
async def linked(server: RedisServer) -> AsyncIterator[RedisLink]:
    """A link whose probes run."""
    link = RedisLink(connect(Secret(server.url), POLICY), SystemClock(), POLICY)
    probing = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
        await link.close()


async def ping(link: RedisLink) -> bool:
    return bool(await link.call(lambda redis: redis.ping()))


async def breaks(link: RedisLink) -> None:
    for _ in range(POLICY.failures):
        with pytest.raises(LinkDownError):
            await ping(link)
    assert not link.up


async def comes_back(link: RedisLink) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not link.up:
            await SystemClock().sleep(0.01)
    assert await ping(link)


async def test_a_dead_server_opens_the_breaker_and_is_found_again(server: RedisServer) -> None:
    async with linked(server) as link:
        assert await ping(link)
        server.stop()
        await breaks(link)
        skipped = link.state().skipped
        with pytest.raises(LinkDownError):
            await ping(link)
        assert link.state().skipped == skipped + 1
        server.start()
        await comes_back(link)
        assert (link.state().outages, link.state().up) == (1, True)


async def test_a_request_that_makes_several_calls_waits_a_tenth_of_a_second_and_little_more(
    server: RedisServer,
) -> None:
    clock = SystemClock()
    async with linked(server) as link:
        assert await ping(link)
        server.suspend()
        began = clock.now()
        await breaks(link)
        taken = clock.now() - began
        server.resume()
        await comes_back(link)
    assert POLICY.call_timeout_s <= taken < 2.5 * POLICY.call_timeout_s


async def test_what_many_calls_meet_in_one_moment_is_one_failure(server: RedisServer) -> None:
    async with linked(server) as link:
        assert await ping(link)
        server.suspend()
        for moment in range(1, POLICY.failures + 1):
            lost = await asyncio.gather(*(ping(link) for _ in range(POLICY.connections)), return_exceptions=True)
            assert all(isinstance(each, LinkDownError) for each in lost)
            assert link.up is (moment < POLICY.failures)
        server.resume()
        await comes_back(link)


async def test_who_waits_for_a_turn_while_the_server_hangs_is_told_as_soon_as_it_is_known(server: RedisServer) -> None:
    clock = SystemClock()
    async with linked(server) as link:
        assert await ping(link)
        server.suspend()
        with lateness() as late:
            began = clock.now()
            lost = await asyncio.gather(*(ping(link) for _ in range(200)), return_exceptions=True)
            took = clock.now() - began
        assert all(isinstance(each, LinkDownError) for each in lost)
        assert link.state().skipped >= 200 - POLICY.failures * POLICY.connections
        assert took < 0.25 + late.allowed_s
        server.resume()
        await comes_back(link)


async def test_reads_do_not_hide_that_nothing_can_be_written(server: RedisServer) -> None:
    async with linked(server) as link:
        await link.call(lambda redis: redis.set("a", b"1"))
        _refuse_writes(server, "readonly")
        assert await link.call(lambda redis: redis.get("a")) == b"1"
        with pytest.raises(LinkDownError):
            await link.call(lambda redis: redis.set("a", b"2"))
        assert not link.up
        _allow_writes(server, "readonly")
        await comes_back(link)


async def test_a_hanging_server_costs_a_tenth_of_a_second_a_call_and_then_nothing(server: RedisServer) -> None:
    clock = SystemClock()
    async with linked(server) as link:
        assert await ping(link)
        server.suspend()
        began = clock.now()
        await breaks(link)
        assert clock.now() - began < POLICY.failures * (POLICY.call_timeout_s + 0.15)
        began = clock.now()
        for _ in range(100):
            with pytest.raises(LinkDownError):
                await ping(link)
        assert clock.now() - began < POLICY.call_timeout_s
        server.resume()
        await comes_back(link)


async def test_answers_that_come_too_late_reach_nobody_else(server: RedisServer) -> None:
    async with linked(server) as link:
        await link.call(lambda redis: redis.mset({"a": b"1", "b": b"2"}))
        server.suspend()
        lost = [link.call(lambda redis: redis.get("a")) for _ in range(8)]
        assert all(isinstance(each, LinkDownError) for each in await asyncio.gather(*lost, return_exceptions=True))
        server.resume()
        await comes_back(link)
        # On a busy machine some of so many new connections may take too long; none may get what another asked for.
        asked = (link.call(lambda redis: redis.get("b")) for _ in range(64))
        got = await asyncio.gather(*asked, return_exceptions=True)
        assert {each for each in got if not isinstance(each, LinkDownError)} == {b"2"}


@pytest.mark.parametrize("fault", ["readonly", "memory"])
async def test_a_server_that_cannot_be_written_is_down_until_it_can(server: RedisServer, fault: str) -> None:
    async with linked(server) as link:
        await link.call(lambda redis: redis.set("a", b"1"))
        _refuse_writes(server, fault)
        with pytest.raises(LinkDownError):
            await link.call(lambda redis: redis.set("a", b"1"))
        assert not link.up
        _allow_writes(server, fault)
        await comes_back(link)


async def test_a_command_that_redis_refuses_does_not_take_the_link_down(redis_server: RedisServer) -> None:
    async with linked(redis_server) as link:

        async def wrong(redis: Redis) -> object:
            await redis.set("text", b"x")
            return await redis.incr("text")

        for _ in range(POLICY.failures + 1):
            with pytest.raises(LinkDownError):
                await link.call(wrong)
        assert link.up
        assert "not an integer" in (link.state().last_error or "")


async def test_a_password_is_in_no_message() -> None:
    with RedisServer("--requirepass", "right-password") as server:
        url = f"redis://:wrong-password@127.0.0.1:{server.port}/0"
        link = RedisLink(connect(Secret(url), POLICY), SystemClock(), POLICY)
        with pytest.raises(LinkDownError) as raised:
            await ping(link)
        told = f"{raised.value!r} {link.state().last_error}"
        assert "wrong-password" not in told
        assert "WRONGPASS" in told or "AuthenticationError" in told
        await link.close()


def _refuse_writes(server: RedisServer, fault: str) -> None:
    if fault == "readonly":
        server.client.replicaof("127.0.0.1", "1")
    else:
        server.client.config_set("maxmemory", "1")


def _allow_writes(server: RedisServer, fault: str) -> None:
    if fault == "readonly":
        server.client.replicaof("NO", "ONE")
    else:
        server.client.config_set("maxmemory", "0")


async def test_a_cancelled_call_is_cancelled_and_no_failure_of_redis(server: RedisServer) -> None:
    async with linked(server) as link:
        await ping(link)

        async def ask_for_ever() -> None:
            while True:
                await ping(link)

        for _ in range(20):
            asking = asyncio.create_task(ask_for_ever())
            await ping(link)
            asking.cancel()
            async with asyncio.timeout(PATIENCE_S):
                done = await asyncio.gather(asking, return_exceptions=True)
            assert isinstance(done[0], asyncio.CancelledError)
        assert (link.up, link.state().failures) == (True, 0)


async def test_what_is_insisted_on_outlives_a_call_that_came_too_late(server: RedisServer) -> None:
    async with linked(server) as link:
        tries: list[int] = []

        async def late_once(redis: Redis) -> bool:
            tries.append(len(tries))
            if len(tries) == 1:
                raise OSError("too late")
            return bool(await redis.ping())

        assert await link.insist(late_once)
        assert tries == [0, 1]


async def test_what_is_insisted_on_is_not_tried_again_once_the_server_is_known_to_be_away(server: RedisServer) -> None:
    async with linked(server) as link:
        server.stop()
        await breaks(link)
        skipped = link.state().skipped
        with pytest.raises(LinkDownError):
            await link.insist(lambda redis: redis.ping())
        assert link.state().skipped == skipped + 1

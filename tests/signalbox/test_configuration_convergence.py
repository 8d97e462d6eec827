"""A change of the configuration reaches every process: by looking at the store, and at once where there is a Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection

import pytest
from msgspec import structs

from db.config_source import PollingConfigSource
from db.engine import make_engine
from db.hop import StoreHop
from db.stores import SqlConfigStore, SqlConfigVersions
from router_core.clock import SystemClock
from router_core.configuration.documents import configuration_of
from router_core.configuration.revision_push import CHANNEL, RevisionPush
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import Authorship, Secret
from tests.support.lateness import lateness
from tests.support.ready_process import READY
from tests.support.redis_server import RedisServer

PROCESSES = 8
WITHIN_S = 2.0
PATIENCE_S = 60.0
NEVER_S = 3_600.0


class Follower:
    """A process that follows one store, and tells when it serves a revision."""

    def __init__(self, url: str, redis_url: str | None, interval_s: float) -> None:
        self.end, other = READY.Pipe()
        self.process = READY.Process(target=_follow, args=(url, redis_url, interval_s, other), daemon=True)
        self.process.start()

    def told(self) -> float:
        """Return what the process says next."""
        assert self.end.poll(PATIENCE_S), "the process says nothing"
        found: float = self.end.recv()
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.join(PATIENCE_S)


def _follow(url: str, redis_url: str | None, interval_s: float, end: Connection) -> None:
    asyncio.run(_following(url, redis_url, interval_s, end))


async def _following(url: str, redis_url: str | None, interval_s: float, end: Connection) -> None:
    async with following(url, redis_url, interval_s) as source:
        end.send(time.monotonic())
        while source.snapshot().revision < 2:
            await SystemClock().sleep(0.005)
        end.send(time.monotonic())


@asynccontextmanager
async def following(url: str, redis_url: str | None, interval_s: float) -> AsyncIterator[PollingConfigSource]:
    """A source that follows the store, and listens to Redis, as a process of the server does."""
    clock = SystemClock()
    hop = StoreHop(make_engine(url), patience=PATIENCE_S)
    source = PollingConfigSource(SqlConfigStore(hop, clock), clock, interval_s=interval_s)
    await source.look()
    tasks = [asyncio.create_task(source.run())]
    link = None if redis_url is None else RedisLink(connect(Secret(redis_url), LinkPolicy()), clock)
    if link is not None:
        push = RevisionPush(link, source.look, clock)
        source.tell = push.publish
        tasks += [asyncio.create_task(link.run()), asyncio.create_task(push.run())]
    try:
        yield source
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if link is not None:
            await link.close()
        hop.close()


@pytest.fixture
def crowd() -> Iterator[Callable[..., list[Follower]]]:
    """Starts processes on a store and waits until all follow it."""
    started: list[Follower] = []

    def gather(url: str, redis_url: str | None, interval_s: float) -> list[Follower]:
        started.extend(Follower(url, redis_url, interval_s) for _ in range(PROCESSES))
        for each in started:
            each.told()
        return started

    yield gather
    for each in started:
        each.close()


async def change(url: str, redis_url: str | None) -> float:
    """Change a weight as one of the processes would; return the moment before."""
    async with following(url, redis_url, NEVER_S) as source:
        hop = StoreHop(make_engine(url))
        current = configuration_of(source.snapshot())
        rows = (structs.replace(current.providers[0], weight=7), *current.providers[1:])
        began = time.monotonic()
        wanted = structs.replace(current, providers=rows)
        await SqlConfigVersions(hop, SystemClock()).apply(wanted, 1, Authorship(actor="ann"))
        await source.refresh()
        hop.close()
    return began


def heard_by(server: RedisServer) -> int:
    """Return how many listen."""
    ((_, count),) = server.client.pubsub_numsub(CHANNEL)
    return int(count)


async def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait, for as long as anything here may take, until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await SystemClock().sleep(0.01)
    return True


async def test_a_change_is_in_force_in_eight_processes_within_two_seconds(
    store_url: str, crowd: Callable[..., list[Follower]]
) -> None:
    followers = crowd(store_url, None, 1.0)
    with lateness() as late:
        began = await change(store_url, None)
        assert max(each.told() for each in followers) - began < WITHIN_S + late.allowed_s


@pytest.mark.redis
async def test_with_redis_it_is_told_to_them_and_nobody_waits_for_the_next_look(
    sqlite_url: str, redis_server: RedisServer, crowd: Callable[..., list[Follower]]
) -> None:
    followers = crowd(sqlite_url, redis_server.url, NEVER_S)
    assert await comes_true(lambda: heard_by(redis_server) == PROCESSES)
    with lateness() as late:
        began = await change(sqlite_url, redis_server.url)
        assert max(each.told() for each in followers) - began < WITHIN_S + late.allowed_s


@pytest.mark.redis
async def test_who_listens_listens_again_after_redis_was_away_and_takes_nothing_else_to_heart(sqlite_url: str) -> None:
    with RedisServer() as server:
        async with following(sqlite_url, server.url, NEVER_S) as source:
            assert await comes_true(lambda: heard_by(server) == 1)
            server.client.publish(CHANNEL, "no number at all")
            server.stop()
            server.start()
            assert await comes_true(lambda: heard_by(server) == 1)
            await change(sqlite_url, server.url)
            assert await comes_true(lambda: source.snapshot().revision == 2)


@pytest.mark.redis
async def test_a_redis_that_hangs_holds_up_no_change_and_the_store_tells_it(sqlite_url: str) -> None:
    with RedisServer() as server:
        async with following(sqlite_url, server.url, 0.2) as source:
            assert await comes_true(lambda: heard_by(server) == 1)
            server.suspend()
            with lateness() as late:
                began = await change(sqlite_url, server.url)
                assert time.monotonic() - began < WITHIN_S + late.allowed_s
            assert await comes_true(lambda: source.snapshot().revision == 2)
            server.resume()

"""The store hangs, is slow, is cut off, runs out of connections: nobody waits long, and it heals by itself."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import make_engine
from db.errors import StoreBusyError, StoreCrowdedError, StoreError, StoreUnreachableError
from db.hop import StoreHop
from db.watch import StoreWatch
from router_core.clock import SystemClock
from tests.support.postgres_server import PostgresServer
from tests.support.tcp_proxy import TcpProxy

PATIENCE_S = 0.6
HEALED_S = 6.0
CLOCK = SystemClock()


@dataclass
class Outage:
    """A store behind a proxy, watched."""

    proxy: TcpProxy
    hop: StoreHop
    watch: StoreWatch
    database: str

    async def asked(self) -> tuple[StoreError | None, float]:
        """Ask the store once; return what went wrong and how long that took."""
        begun = CLOCK.now()
        try:
            await self.hop.read(one)
        except StoreError as error:
            return error, CLOCK.now() - begun
        return None, CLOCK.now() - begun

    async def healed(self) -> None:
        """Return once the store is known to be up; nobody asks it meanwhile but the probe."""
        await until(lambda: self.watch.monitor.word == "up")
        error, taken = await self.asked()
        assert error is None
        assert taken < PATIENCE_S


@pytest.fixture(scope="module")
def proxy(postgres_server: PostgresServer) -> Iterator[TcpProxy]:
    with TcpProxy(postgres_server.port) as made:
        yield made


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    name = postgres_server.new_database(migrated_postgres)
    yield name
    postgres_server.drop_database(name)


@asynccontextmanager
async def watched(proxy: TcpProxy, database: str) -> AsyncIterator[Outage]:
    proxy.delay(0)
    proxy.flow()
    watch = StoreWatch(CLOCK)
    hop = StoreHop(
        make_engine(f"postgresql://postgres@127.0.0.1:{proxy.port}/{database}"), patience=PATIENCE_S, watch=watch
    )
    probe = asyncio.create_task(watch.run(hop.ping))
    try:
        await hop.read(one)
        yield Outage(proxy, hop, watch, database)
    finally:
        probe.cancel()
        proxy.delay(0)
        proxy.flow()
        await asyncio.to_thread(hop.close)


async def until(reached: Callable[[], bool]) -> None:
    """Wait until something is so, for a bounded time."""
    async with asyncio.timeout(HEALED_S):
        while not reached():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


def one(session: Session) -> int:
    return int(session.execute(text("SELECT 1")).scalar_one())


@pytest.mark.postgres
async def test_a_store_that_hangs_costs_the_first_few_their_patience_and_nobody_after_them(
    proxy: TcpProxy, database: str
) -> None:
    async with watched(proxy, database) as outage:
        proxy.hang()
        first = await asyncio.gather(*(outage.asked() for _ in range(40)))
        assert all(isinstance(error, StoreError) for error, _ in first)
        assert max(taken for _, taken in first) < PATIENCE_S + 1.0
        later = [await outage.asked() for _ in range(200)]
        assert all(isinstance(error, StoreUnreachableError) for error, _ in later)
        assert sum(taken for _, taken in later) < 0.2
        state = outage.watch.monitor.state()
        assert (state.state, state.outages) == ("down", 1)
        assert state.failures >= 3
        proxy.flow()
        await outage.healed()


@pytest.mark.postgres
async def test_a_server_that_is_stopped_by_a_signal_holds_no_thread(
    postgres_server: PostgresServer, proxy: TcpProxy, database: str
) -> None:
    async with watched(proxy, database) as outage:
        postgres_server.suspend()
        try:
            for _ in range(4):
                await outage.asked()
            assert outage.watch.monitor.word == "down"
        finally:
            postgres_server.resume()
        await outage.healed()


@pytest.mark.postgres
@pytest.mark.parametrize("ended", ["cut", "reset", "terminated"])
async def test_connections_that_end_are_replaced(
    ended: str, postgres_server: PostgresServer, proxy: TcpProxy, database: str
) -> None:
    async with watched(proxy, database) as outage:
        await asyncio.gather(*(outage.asked() for _ in range(8)))
        ways: dict[str, Callable[[], None]] = {
            "cut": proxy.cut,
            "reset": proxy.reset,
            "terminated": lambda: postgres_server.end_connections(database),
        }
        ways[ended]()
        found = [await outage.asked() for _ in range(5)]
        if ended == "cut":
            assert outage.watch.monitor.word == "down"
            assert isinstance(found[-1][0], StoreUnreachableError)
            proxy.flow()
        else:
            assert [error for error, _ in found] == [None] * 5
        await outage.healed()


@pytest.mark.postgres
async def test_a_slow_store_is_told_from_one_that_is_away(proxy: TcpProxy, database: str) -> None:
    async with watched(proxy, database) as outage:
        proxy.delay(0.07)
        await until(lambda: outage.watch.monitor.word == "slow")
        error, taken = await outage.asked()
        assert error is None
        assert taken >= 0.14
        proxy.delay(0)
        await outage.healed()


@pytest.mark.postgres
async def test_work_that_takes_too_long_changes_nothing(proxy: TcpProxy, database: str) -> None:
    def slow(session: Session) -> None:
        session.execute(text("UPDATE config_state SET revision = revision + 1"))
        session.execute(text("SELECT pg_sleep(5)"))

    def revision(session: Session) -> int:
        return int(session.execute(text("SELECT revision FROM config_state")).scalar_one())

    async with watched(proxy, database) as outage:
        before = await outage.hop.read(revision)
        with pytest.raises(StoreError):
            await outage.hop.write(slow)
        assert await outage.hop.read(revision) == before


@pytest.mark.postgres
async def test_a_server_without_a_free_connection_is_told_so_and_heals(
    postgres_server: PostgresServer, proxy: TcpProxy, database: str
) -> None:
    async with watched(proxy, database) as outage:
        taken = []
        try:
            for _ in range(100):
                try:
                    taken.append(psycopg.connect(postgres_server.url(database)))
                except psycopg.OperationalError:
                    break
            found = await asyncio.gather(*(outage.asked() for _ in range(20)))
            assert {type(error) for error, _ in found if error} <= {StoreBusyError, StoreUnreachableError}
            assert max(seconds for _, seconds in found) < PATIENCE_S + 1.0
        finally:
            for each in taken:
                each.close()
        await outage.healed()


async def test_a_pool_without_a_free_connection_is_a_busy_store_and_passes(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    hop = StoreHop(engine, threads=20, patience=3.0)
    release = asyncio.Event()

    def hold(session: Session) -> None:
        one(session)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(5)

    loop = asyncio.get_running_loop()
    held = [asyncio.create_task(hop.read(hold)) for _ in range(15)]
    await until(lambda: engine.pool.checkedout() == 15)  # type: ignore[attr-defined]
    with pytest.raises(StoreCrowdedError, match="no free connection in time"):
        await hop.read(one)
    release.set()
    await asyncio.gather(*held)
    assert await hop.read(one) == 1
    hop.close()


async def test_sqlite_locked_by_another_writer_refuses_writers_in_time_and_no_reader(sqlite_url: str) -> None:
    watch = StoreWatch(CLOCK)
    hop = StoreHop(make_engine(sqlite_url), watch=watch)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writes = [asyncio.create_task(hop.write(one)) for _ in range(3)]
    assert await hop.read(one) == 1
    ended = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in ended] == [StoreBusyError] * 3
    assert watch.monitor.word == "slow"
    other.execute("ROLLBACK")
    other.close()
    assert await hop.write(one) == 1
    hop.close()


async def test_a_statement_that_runs_on_and_on_is_ended_in_sqlite_too(sqlite_url: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    hop = StoreHop(make_engine(sqlite_url), patience=0.3)
    with pytest.raises(StoreBusyError):
        await hop.read(lambda session: session.execute(text(endless)).scalar_one())
    assert await hop.read(one) == 1
    hop.close()


async def test_more_work_than_threads_is_refused_when_its_time_is_over(sqlite_url: str) -> None:
    hop = StoreHop(make_engine(sqlite_url), threads=1, patience=0.3)
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(session: Session) -> int:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(5)
        return one(session)

    held = asyncio.create_task(hop.read(hold))
    waiting: list[Awaitable[int]] = [asyncio.create_task(hop.read(one)) for _ in range(50)]
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(each) for each in ended} == {StoreCrowdedError}
    with pytest.raises(StoreError):
        await held
    release.set()
    assert await hop.read(one) == 1
    hop.close()

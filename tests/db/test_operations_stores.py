"""What only real databases can get wrong: order of commits, several processes, rows that cannot be read."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.orm import Session

from db.engine import make_engine, reading, writing
from db.hop import StoreHop
from db.migrate import downgrade, upgrade
from db.models import Account, LlmProvider, LoggedTransition, StoredPolicy, UptimeSlot
from db.stores import SqlBreakerLog, SqlConfigStore, SqlHealthHistory, SqlUseCaseStore
from db.stores.breaker_log import _take_turn
from router_core.ports import HealthSlot
from router_core.types import BreakerTransition, ProviderLimits, UseCasePolicy
from tests.support.fake_clock import START, FakeClock
from tests.support.ready_process import READY

PROCESSES, ROUNDS = 3, 25


@pytest.fixture
def postgres_hop(postgres_url: str) -> Iterator[StoreHop]:
    hop = StoreHop(make_engine(postgres_url))
    yield hop
    hop.close()


def opened(id: str) -> BreakerTransition:
    return BreakerTransition(
        id=id, at=START, node="n", upstream="u", before="CLOSED", after="OPEN", cause="failures_in_a_row"
    )


def row_of(id: str) -> dict[str, object]:
    return {"id": id, "node": "n", "upstream": "u", "before": "CLOSED", "after": "OPEN", "cause": "reset",
            "detail": "", "at": START}  # fmt: skip


@pytest.mark.postgres
async def test_a_writer_waits_for_the_commit_of_the_one_before_so_a_reader_misses_nothing(
    postgres_url: str, postgres_hop: StoreHop
) -> None:
    """The slow writer got its position first and commits last; a reader that goes by positions sees both."""
    log = SqlBreakerLog(postgres_hop, FakeClock())
    other = make_engine(postgres_url)
    with Session(writing(other)) as slow:
        _take_turn(slow)
        slow.execute(insert(LoggedTransition), [row_of("slow")])
        fast = asyncio.create_task(log.append([opened("fast")]))
        await asyncio.to_thread(wait_for_blocked_writer, other)
        seen, position = await log.after(0, 10)
        assert (list(seen), position) == ([], 0)
        assert not fast.done()
        slow.commit()
        await fast
    found, _ = await log.after(position, 10)
    assert [row.id for row in found] == ["slow", "fast"]
    other.dispose()


@pytest.mark.postgres
def test_without_taking_turns_a_reader_would_miss_a_row(postgres_url: str) -> None:
    """Shows that the danger is real: positions become visible out of order."""
    engine = make_engine(postgres_url)
    with Session(writing(engine)) as slow:
        slow.execute(insert(LoggedTransition), [row_of("slow")])
        with writing(engine).begin() as fast:
            fast.execute(insert(LoggedTransition), [row_of("fast")])
        with reading(engine).connect() as reader:
            [(position, name)] = reader.execute(select(LoggedTransition.position, LoggedTransition.id)).all()
        slow.commit()
    with reading(engine).connect() as reader:
        later = select(LoggedTransition.id).where(LoggedTransition.position > position)
        assert name == "fast"
        assert reader.execute(later).all() == []
    engine.dispose()


def wait_for_blocked_writer(engine: Engine) -> None:
    """Wait, with the server's own clock, until somebody waits for the writers' turn."""
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
        "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    with engine.connect() as connection:
        for _ in range(500):
            if connection.execute(waiting).scalar_one():
                return
            connection.execute(text("SELECT pg_sleep(0.01)"))
            connection.rollback()
    raise AssertionError("nobody waits")


def test_processes_that_add_to_one_slot_lose_nothing_and_a_log_keeps_every_row(store_url: str) -> None:
    workers = [READY.Process(target=add_and_append, args=(store_url, number)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    engine = make_engine(store_url)
    with Session(reading(engine)) as session:
        slots = session.execute(select(UptimeSlot.provider, UptimeSlot.good, UptimeSlot.bad)).all()
        rows = session.scalars(select(LoggedTransition.id)).all()
    engine.dispose()
    assert sorted(map(tuple, slots)) == [(name, PROCESSES * ROUNDS, 2 * PROCESSES * ROUNDS) for name in ("a", "b")]
    assert sorted(rows) == sorted(f"{number}-{each}" for number in range(PROCESSES) for each in range(ROUNDS))


def add_and_append(url: str, number: int) -> None:
    """Be one of several processes, each naming the slots in its own order."""

    async def work() -> None:
        hop, clock = StoreHop(make_engine(url)), FakeClock()
        history, log = SqlHealthHistory(hop, clock), SqlBreakerLog(hop, clock)
        names = ["a", "b"] if number % 2 else ["b", "a"]
        for each in range(ROUNDS):
            await history.add([HealthSlot(provider=name, start=START, good=1, bad=2) for name in names])
            await log.append([opened(f"{number}-{each}")])
        hop.close()

    asyncio.run(work())


@pytest.mark.parametrize("stored", ['{"idleS": 0}', '{"fromTheFuture": 1}', "[]", "7"])
async def test_a_policy_that_cannot_be_read_is_left_out_and_named_in_the_log(
    store_hop: StoreHop, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock(start=datetime(2100, 1, 1, tzinfo=UTC))
    await SqlUseCaseStore(store_hop, clock).put_policy("good", UseCasePolicy(idle_s=3.0))
    await spoil(store_hop, stored)
    with caplog.at_level(logging.WARNING, logger="db.stores.use_cases"):
        snapshot = await SqlConfigStore(store_hop, clock).load()
    assert dict(snapshot.policies) == {"good": UseCasePolicy(idle_s=3.0)}
    assert len(snapshot.providers) == 4
    [record] = caplog.records
    assert "'spoilt'" in record.getMessage()


async def test_limits_that_cannot_be_read_are_none_and_named_in_the_log(
    store_hop: StoreHop, caplog: pytest.LogCaptureFixture
) -> None:
    spoilt = update(LlmProvider).where(LlmProvider.name == "openai-gpt4o").values(limits={"max_concurrency": "many"})
    await store_hop.write(lambda session: discard(session.execute(spoilt)))
    snapshot = await SqlConfigStore(store_hop, FakeClock()).load()
    assert snapshot.by_name["openai-gpt4o"].limits == ProviderLimits()
    assert "'openai-gpt4o'" in caplog.text


async def test_a_policy_that_is_no_json_at_all_is_left_out(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    hop = StoreHop(make_engine(sqlite_url))
    await spoil(hop, "{half")
    snapshot = await SqlConfigStore(hop, FakeClock()).load()
    hop.close()
    assert dict(snapshot.policies) == {}
    assert "'spoilt'" in caplog.text


async def spoil(hop: StoreHop, stored: str) -> None:
    """Store a policy as no code of ours would."""
    is_postgresql = "jsonb" if "postgresql" in str(hop._engine.url) else "text"
    statement = text(f"INSERT INTO use_case_policies VALUES ('spoilt', CAST(:stored AS {is_postgresql}))")
    await hop.write(lambda session: discard(session.execute(statement, {"stored": stored})))


def discard(_result: object) -> None:
    """Results belong to the thread that made them."""


def test_a_store_of_the_first_schema_keeps_its_rows(store_engine: Engine) -> None:
    downgrade(store_engine, "0001")
    with writing(store_engine).begin() as connection:
        connection.execute(insert(Account), [{"id": "a", "name": "Acme"}])
    assert upgrade(store_engine).state == "behind"
    with reading(store_engine).connect() as connection:
        assert connection.execute(select(Account.name)).scalars().all() == ["Acme"]
        assert connection.execute(select(StoredPolicy.use_case)).all() == []

"""Engines: what is accepted, how transactions begin, and what failures look like."""

import os
import socket
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from db.engine import StoreTimeouts, make_engine, ping, reading, store_url, writing
from db.errors import BadStoreUrlError, StoreBusyError, StoreUnreachableError
from db.hop import StoreHop
from db.models import ConfigState
from tests.support.ready_process import READY

BUMP = update(ConfigState).values(revision=ConfigState.revision + 1)
WRITERS, ROUNDS = 4, 50


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    engine = make_engine(sqlite_url, timeouts=StoreTimeouts(lock=0.05))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_name_postgresql_uses_psycopg(scheme: str) -> None:
    assert store_url(f"{scheme}://u:p@h/d").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:hunter2@h/d", "sqlite://u:hunter2@h/d", "postgresql+psycopg2://u:hunter2@h/d"]
)
def test_other_urls_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(BadStoreUrlError) as caught:
        make_engine(url)
    assert "hunter2" not in str(caught.value)


def test_an_unreachable_server_is_said_without_the_password() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        engine = make_engine(f"postgresql://u:hunter2@127.0.0.1:{held.getsockname()[1]}/d")
        with pytest.raises(StoreUnreachableError) as caught:
            ping(engine)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert "127.0.0.1" not in caught.value.message


def test_a_file_that_is_no_database_is_an_unreachable_store(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("these are my notes, and no database at all\n" * 100)
    engine = make_engine(f"sqlite:///{tmp_path}/notes.db")
    with pytest.raises(StoreUnreachableError, match="not a database"):
        ping(engine)
    engine.dispose()


def test_sqlite_is_set_up_for_many_readers_and_references(sqlite_engine: Engine) -> None:
    with reading(sqlite_engine).connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 50}


def test_references_are_enforced(store_engine: Engine) -> None:
    statement = "INSERT INTO api_keys (id, account_id, role, name, secret_hash) VALUES ('k', 'no', 'admin', 'n', '')"
    with pytest.raises(IntegrityError), writing(store_engine).begin() as connection:
        connection.execute(text(statement))


def test_readers_go_on_while_a_writer_holds_the_lock(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine).begin() as writer, reading(sqlite_engine).connect() as reader:
        writer.execute(BUMP)
        assert reader.execute(text("SELECT revision FROM config_state")).scalar_one() == 1


def test_a_reading_transaction_sees_one_moment(store_engine: Engine) -> None:
    query = text("SELECT revision FROM config_state")
    with reading(store_engine).connect() as reader:
        before = reader.execute(query).scalar_one()
        with writing(store_engine).begin() as writer:
            writer.execute(BUMP)
        assert reader.execute(query).scalar_one() == before
    with reading(store_engine).connect() as reader:
        assert reader.execute(query).scalar_one() == before + 1


async def test_a_held_lock_is_a_busy_store_and_passes(sqlite_engine: Engine) -> None:
    hop = StoreHop(sqlite_engine)
    with writing(sqlite_engine).begin(), pytest.raises(StoreBusyError):
        await hop.write(bump)
    await hop.write(bump)
    assert await hop.read(lambda session: session.execute(text("SELECT revision FROM config_state")).scalar_one()) == 2
    hop.close()


async def test_work_that_raises_is_undone(store_hop: StoreHop) -> None:
    def work(session: Session) -> None:
        session.execute(BUMP)
        raise LookupError("changed my mind")

    with pytest.raises(LookupError):
        await store_hop.write(work)
    assert await store_hop.read(lambda s: s.execute(text("SELECT revision FROM config_state")).scalar_one()) == 1


async def test_a_faulty_statement_is_our_bug_and_no_outage(store_hop: StoreHop) -> None:
    with pytest.raises(DBAPIError):
        await store_hop.read(lambda session: session.scalars(text("SELECT nothing FROM nowhere")).all())


def test_processes_that_read_then_write_never_lose_a_change_nor_find_a_lock(sqlite_url: str) -> None:
    workers = [READY.Process(target=read_then_write, args=(sqlite_url, ROUNDS)) for _ in range(WRITERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0] * WRITERS
    file = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    assert file.execute("SELECT revision FROM config_state").fetchone() == (1 + WRITERS * ROUNDS,)
    file.close()


def bump(session: Session) -> None:
    session.execute(BUMP)


def read_then_write(url: str, rounds: int) -> None:
    """Count up by reading first: in a deferred transaction most of these fail with "database is locked"."""
    engine = make_engine(url, timeouts=StoreTimeouts(lock=30))
    for _ in range(rounds):
        with writing(engine).begin() as connection:
            seen = connection.execute(text("SELECT revision FROM config_state")).scalar_one()
            connection.execute(text("UPDATE config_state SET revision = :next"), {"next": seen + 1})
    engine.dispose()


def test_a_new_sqlite_store_is_for_its_owner_alone_whoever_may_read_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    engine = make_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        connection.commit()
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    engine.dispose()
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)


def test_the_mode_of_a_store_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch(mode=0o660)
    path.chmod(0o660)
    engine = make_engine(f"sqlite:///{path}")
    ping(engine)
    engine.dispose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells locks in /proc/locks")
def test_another_connection_leaves_the_locks_of_the_first_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    engine = make_engine(f"sqlite:///{path}")
    with engine.connect() as first:
        first.exec_driver_sql("CREATE TABLE t (a)")
        held = _locks(path)
        ping(engine)
        assert _locks(path) == held
    engine.dispose()
    assert held


def _locks(path: Path) -> list[str]:
    """Return this process's locks on the file at ``path``, as the kernel tells them."""
    place = f":{path.stat().st_ino}"
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sorted(line.partition(":")[2] for line in lines if f"{place} " in line and f" {os.getpid()} " in line)

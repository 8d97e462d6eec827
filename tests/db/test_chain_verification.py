"""Whoever touches the audit log behind our back is found out, and the first bad row is named."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.engine import make_engine, writing
from db.hop import StoreHop
from db.queries.chain_reader import verify_chains
from db.records.event_store import SqlEventStore
from db.records.pruning import prune_audit
from router_core.audit.head_files import HeadFiles
from router_core.audit.signatures import ChainSigner
from router_core.audit.verifier import ChainReport
from router_core.ports import EventBatch
from tests.support.fake_clock import FakeClock
from tests.support.postgres_server import PostgresServer
from tests.support.record_events import AT, event
from tests.support.used_copies import UsedCopies

SIGNER = ChainSigner(b"k" * 32)
ROWS = 2_500
ID_40 = f"{39:026d}"


@pytest.fixture(scope="module")
def filled_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that holds the chain, and with the chain's kept end."""
    folder = tmp_path_factory.mktemp("filled")
    _fill(f"sqlite:///{shutil.copy(migrated_sqlite, folder / 'signalbox.db')}", folder / "audit")
    return folder


@pytest.fixture(scope="module")
def filled_postgres(
    postgres_server: PostgresServer, migrated_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[UsedCopies, Path]:
    """Copies of a database that holds the chain, and the folder with the chain's kept end."""
    folder = tmp_path_factory.mktemp("filled")
    name = postgres_server.new_database(migrated_postgres)
    _fill(postgres_server.url(name), folder / "audit")
    return UsedCopies(postgres_server, name), folder


def _fill(url: str, audit: Path) -> None:
    """Write 2,500 rows into a chain called w, and keep its end outside."""

    async def write() -> None:
        hop, files = StoreHop(make_engine(url)), HeadFiles(audit, SIGNER)
        store = SqlEventStore(hop, FakeClock(), SIGNER)
        for start in range(0, ROWS, 500):
            batch = EventBatch(writer="w", events=tuple(event(number) for number in range(start, start + 500)))
            result = await store.apply(batch)
            files.keep(result.head, AT)
        hop.close()

    asyncio.run(write())


@pytest.fixture
def sqlite_url(filled_sqlite: Path, tmp_path: Path) -> str:
    shutil.copytree(filled_sqlite, tmp_path, dirs_exist_ok=True)
    return f"sqlite:///{tmp_path / 'signalbox.db'}"


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, filled_postgres: tuple[UsedCopies, Path], tmp_path: Path
) -> Iterator[str]:
    copies, folder = filled_postgres
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    name = copies.take()
    yield postgres_server.url(name)
    copies.give_back(name)


@pytest.fixture
def heads(store_url: str, tmp_path: Path) -> HeadFiles:
    """The kept end of the chain in the test's own copy of the store."""
    return HeadFiles(tmp_path / "audit", SIGNER)


def _verify(engine: Engine, files: HeadFiles | None) -> list[ChainReport]:
    heads = {} if files is None else {each.writer: each for each in files.heads()}
    return list(verify_chains(engine, heads, SIGNER))


def _run(engine: Engine, *statements: str) -> None:
    with writing(engine).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_chain_is_sound(store_engine: Engine, heads: HeadFiles) -> None:
    (report,) = _verify(store_engine, heads)
    assert (report.fault, report.rows, report.vouched_seq, report.end_known) == (None, ROWS, ROWS, True)


TAMPERINGS: dict[str, tuple[tuple[str, ...], int]] = {
    "a cost is changed": (("UPDATE audit_log SET cost = cost + 1 WHERE seq = 700",), 700),
    "a price is removed": (("UPDATE audit_log SET cost = NULL WHERE seq = 700",), 700),
    "a status is changed": (("UPDATE audit_log SET status = 'error' WHERE seq = 701",), 701),
    "a person is changed": (("UPDATE audit_log SET actor = 'eve' WHERE seq = 1",), 1),
    "a flag is changed": (("UPDATE audit_log SET estimated = NOT estimated WHERE seq = 2000",), 2000),
    "a row is deleted": (("DELETE FROM audit_log WHERE seq = 1200",), 1200),
    "the first row is deleted": (("DELETE FROM audit_log WHERE seq = 1",), 1),
    "many rows are deleted": (("DELETE FROM audit_log WHERE seq BETWEEN 800 AND 900",), 800),
    "the end is cut off": (("DELETE FROM audit_log WHERE seq > 2400",), 2401),
    "the end is cut off with its traces in the store": (
        (
            "DELETE FROM audit_log WHERE seq > 2400",
            "DELETE FROM audit_checkpoints WHERE seq > 2400",
            "UPDATE audit_writers SET seq = 2400",
        ),
        2401,
    ),
    "two rows are swapped": (
        (
            "UPDATE audit_log SET seq = -1 WHERE seq = 10",
            "UPDATE audit_log SET seq = 10 WHERE seq = 11",
            "UPDATE audit_log SET seq = 11 WHERE seq = -1",
        ),
        10,
    ),
    "a row is put in": (
        (
            "UPDATE audit_log SET seq = -seq WHERE seq >= 50",
            "UPDATE audit_log SET seq = 1 - seq WHERE seq < 0",
            "UPDATE audit_log SET seq = 50 WHERE seq = 2501",
        ),
        50,
    ),
    "a hash is changed": (("UPDATE audit_log SET hash = trace_hash WHERE seq = 5",), 5),
    "a trace is changed": (
        (f"UPDATE audit_traces SET trace = (SELECT hash FROM audit_log WHERE seq = 1) WHERE id = '{ID_40}'",),
        40,
    ),
    "a trace is deleted": (
        ("DELETE FROM audit_traces WHERE id = (SELECT id FROM audit_log WHERE seq = 60)",),
        60,
    ),
    "a checkpoint is forged": (
        ("UPDATE audit_checkpoints SET hash = (SELECT hash FROM audit_log WHERE seq = 3)",),
        500,
    ),
    "rows are deleted as if retention had done it": (
        ("DELETE FROM audit_log WHERE seq <= 500", "UPDATE audit_checkpoints SET pruned_at = at WHERE seq = 500"),
        500,
    ),
    "the whole chain is deleted": (
        ("DELETE FROM audit_log", "DELETE FROM audit_checkpoints", "DELETE FROM audit_writers"),
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_at_the_first_bad_row(store_engine: Engine, heads: HeadFiles, name: str) -> None:
    statements, seq = TAMPERINGS[name]
    _run(store_engine, *statements)
    (report,) = _verify(store_engine, heads)
    assert report.fault is not None, name
    assert report.fault.seq == seq


def test_without_kept_ends_it_says_up_to_where_it_vouches(store_engine: Engine, heads: HeadFiles) -> None:
    (report,) = _verify(store_engine, None)
    assert report.fault is None
    assert not report.end_known
    assert report.vouched_seq < ROWS or report.vouched_seq == ROWS


def test_a_chain_whose_oldest_checkpoints_were_pruned_is_still_sound(store_engine: Engine, heads: HeadFiles) -> None:
    with writing(store_engine).begin() as connection:
        removed = prune_audit(connection, AT.replace(year=2100), SIGNER, AT, most=1_000)
    assert 0 < removed < ROWS
    (report,) = _verify(store_engine, heads)
    assert report.fault is None
    assert report.rows == ROWS - removed
    _run(store_engine, f"DELETE FROM audit_log WHERE seq = {removed + 1}")
    (report,) = _verify(store_engine, heads)
    assert report.fault is not None
    assert report.fault.seq == removed + 1


def test_a_kept_end_that_we_did_not_sign_is_told(store_engine: Engine, heads: HeadFiles, tmp_path: Path) -> None:
    file = tmp_path / "audit" / "w.head"
    file.write_text(file.read_text().replace(f'"seq":{ROWS}', '"seq":1'))
    assert list(heads.forged()) == ["w.head"]
    assert list(heads.heads()) == []

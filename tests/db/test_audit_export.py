"""Exports read back by other programs: every row, once, exactly, and safe to open."""

import asyncio
import csv
import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import parquet

from db.engine import make_engine
from db.hop import StoreHop
from db.migrate import upgrade
from db.queries.audit_exporter import SqlAuditExporter
from db.records.event_store import SqlEventStore
from router_core.audit.signatures import ChainSigner
from router_core.ports import EventBatch
from router_core.types import AuditFilter, ExportFormat, RequestEvent, Usage, format_usd
from tests.support.fake_clock import FakeClock
from tests.support.record_events import AT, event, principal

ROWS = 9_000
NASTY = (
    "=cmd()", "+1", "-2", "@x", "\t=1", "\r=1", " =1", "\uff1d1", "plain", 'quo"te', "com,ma", "line\nbreak",
    "cr\r\nlf",     "'", "üñí 💥", "\u202eabc", "", "a" * 5_000, "null", "-0.5",
)  # fmt: skip
START = [
    "timestamp", "request_id", "event", "account", "api_key", "user", "use_case", "provider", "model", "status",
    "error_code", "input_tokens", "cached_tokens", "output_tokens", "cost_usd", "estimated", "latency_ms",
    "first_token_ms", "attempts", "cached",
]  # fmt: skip


def _made(number: int) -> RequestEvent:
    rng = random.Random(number)
    return event(
        number,
        timestamp=AT + timedelta(microseconds=number * 1_000_003),
        principal=principal(NASTY[number % len(NASTY)]),
        request_id=NASTY[(number * 7) % len(NASTY)],
        account_id=rng.choice(("acme", "globex", None)),
        cost=rng.choice((None, 0, 1, 450_000, 10**12 + 7, rng.randrange(10**10))),
        usage=Usage(input_tokens=number, cache_read_tokens=3, output_tokens=7),
        latency_ms=rng.choice((0.001, 420.5, 1234.567)),
        first_token_ms=rng.choice((None, 12.25)),
        estimated=bool(number % 2),
    )


MADE = [_made(number) for number in range(ROWS)]
EVER = AuditFilter(since=AT - timedelta(days=1), until=AT + timedelta(days=1))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def exporter(request: pytest.FixtureRequest) -> Iterator[SqlAuditExporter]:
    """An exporter over 9,000 rows with nasty text."""
    engine = make_engine(request.getfixturevalue(f"shared_{request.param}_url"))
    hop = StoreHop(engine)
    store = SqlEventStore(hop, FakeClock(), ChainSigner(b"k" * 32))

    async def fill() -> None:
        for start in range(0, ROWS, 1_000):
            await store.apply(EventBatch(writer="w", events=tuple(MADE[start : start + 1_000])))

    asyncio.run(fill())
    yield SqlAuditExporter(engine)
    hop.close()


def _read(exporter: SqlAuditExporter, form: ExportFormat, wanted: AuditFilter = EVER) -> bytes:
    stream = exporter.open(wanted, form)
    pieces = []
    while (piece := stream.read()) is not None:
        pieces.append(piece)
    return b"".join(pieces)


def _unarmed(cell: str) -> str:
    """Return a cell without the apostrophe that keeps it from being a formula."""
    return cell[1:] if cell.startswith("'") and cell != "'" else cell


def test_csv_is_read_back_by_the_csv_module(exporter: SqlAuditExporter) -> None:
    text = _read(exporter, "csv").decode()
    assert text.startswith(",".join(START))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == ROWS
    for row, made in zip(rows, MADE, strict=True):
        assert datetime.fromisoformat(row["timestamp"]) == made.timestamp
        assert row["timestamp"].endswith("Z")
        assert _unarmed(row["actor"]) == made.principal.name
        assert _unarmed(row["request_id"]) == made.request_id
        assert row["cost_usd"] == ("" if made.cost is None else format_usd(made.cost))
        assert int(row["input_tokens"]) == made.usage.input_tokens
        assert float(row["latency_ms"]) == made.latency_ms
        assert row["first_token_ms"] == ("" if made.first_token_ms is None else "12.25")
        assert row["estimated"] == str(made.estimated).lower()
        assert row["account"] == (made.account_id or "")


def test_no_csv_cell_begins_like_a_formula_and_lines_end_as_the_standard_says(exporter: SqlAuditExporter) -> None:
    data = _read(exporter, "csv")
    for row in csv.reader(io.StringIO(data.decode(), newline="")):
        for cell in row:
            assert not cell.lstrip().startswith(("=", "@", "\uff1d"))
            assert not cell.startswith(("\t", "\r", "+"))
    assert data.count(b"\r\n") >= ROWS + 1


def test_json_lines_keep_text_as_it_is_and_money_exact(exporter: SqlAuditExporter) -> None:
    rows = [json.loads(line) for line in _read(exporter, "jsonl").splitlines()]
    assert [row["actor"] or "" for row in rows] == [made.principal.name for made in MADE]
    assert [row["cost_usd"] for row in rows] == [None if made.cost is None else format_usd(made.cost) for made in MADE]
    assert list(rows[0])[: len(START)] == START


def test_parquet_has_times_decimals_and_numbers(exporter: SqlAuditExporter) -> None:
    table = parquet.read_table(io.BytesIO(_read(exporter, "parquet")))
    assert table.column_names[: len(START)] == START
    assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
    assert table["timestamp"].to_pylist()[5].astimezone(UTC) == MADE[5].timestamp
    costs = [None if made.cost is None else Decimal(made.cost) / 10**9 for made in MADE]
    assert table["cost_usd"].to_pylist() == costs
    assert table["estimated"].to_pylist() == [made.estimated for made in MADE]
    assert table["account"].to_pylist() == [made.account_id for made in MADE]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_exactly_the_filtered_rows_leave(exporter: SqlAuditExporter, form: ExportFormat) -> None:
    wanted = AuditFilter(since=EVER.since, until=EVER.until, accounts=("acme",), provider="a")
    data = _read(exporter, form, wanted)
    expected = sum(made.account_id == "acme" for made in MADE)
    if form == "parquet":
        found = parquet.read_table(io.BytesIO(data)).num_rows
    else:
        text = data.decode()
        found = len(list(csv.DictReader(io.StringIO(text, newline="")))) if form == "csv" else text.count("\n")
    assert found == expected


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_nothing_to_export_is_a_file_without_rows(exporter: SqlAuditExporter, form: ExportFormat) -> None:
    data = _read(exporter, form, AuditFilter(since=EVER.since, until=EVER.until, account="nobody' OR 1=1 --"))
    rows = parquet.read_table(io.BytesIO(data)).num_rows if form == "parquet" else data.count(b"\n") - (form == "csv")
    assert rows == 0


def test_rows_that_arrive_during_an_export_are_not_in_it(exporter: SqlAuditExporter) -> None:
    stream = exporter.open(EVER, "jsonl")
    pieces = [stream.read()]
    hop = StoreHop(exporter._engine)
    store = SqlEventStore(hop, FakeClock(), ChainSigner(b"k" * 32))
    arrived = event(ROWS + 1, timestamp=AT + timedelta(hours=23), request_id="arrived-late")
    asyncio.run(store.apply(EventBatch(writer="late", events=(arrived,))))
    hop.close()
    while (piece := stream.read()) is not None:
        pieces.append(piece)
    text = b"".join(piece for piece in pieces if piece)
    assert (text.count(b"\n"), b"arrived-late" in text) == (ROWS, False)


def test_a_cancelled_export_ends(exporter: SqlAuditExporter) -> None:
    stream = exporter.open(EVER, "csv")
    assert stream.read() is not None
    stream.cancel()
    for _ in range(20):
        if stream.read() is None:
            return
    raise AssertionError("the export went on")


WATCHER = (
    "import sqlite3, sys; store = sqlite3.connect(sys.argv[1]); store.execute('SELECT 1 FROM audit_log'); store.close()"
)


def test_an_export_takes_no_lock_from_those_who_have_the_store_open(tmp_path: Path) -> None:
    """A second copy of SQLite in the process would: another program's end then takes the log that this one writes."""
    path = tmp_path / "signalbox.db"
    upgrade(f"sqlite:///{path}")
    engine = make_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM audit_log")
        connection.rollback()
        log = path.with_name("signalbox.db-wal")
        before = log.stat().st_ino
        assert _read(SqlAuditExporter(engine), "csv").count(b"\n") == 1
        subprocess.run([sys.executable, "-c", WATCHER, str(path)], check=True)
        assert log.stat().st_ino == before
    engine.dispose()

"""``signalbox usage reconcile``: a bill against the store, exit codes, wrong lines named."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from db.records.event_store import SqlEventStore
from router_core.audit.signatures import ChainSigner
from router_core.ports import EventBatch
from router_core.types import Usage, format_usd
from tests.support.command_runs import run_at
from tests.support.fake_clock import FakeClock
from tests.support.record_events import event

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
USAGE = Usage(input_tokens=1_000, cache_read_tokens=500, output_tokens=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which two models were used on two days."""
    made = tmp_path_factory.mktemp("bills")
    assert run_at(made, "accounts", "create", "acme")[0] == 0
    events = [
        event(1, timestamp=AT, model="gpt-4o", usage=USAGE, cost=1_234_567_891),
        event(2, timestamp=AT, model="gpt-4o", usage=USAGE, cost=9, estimated=True),
        event(3, timestamp=AT + timedelta(days=1), model="gpt-4o-mini", usage=USAGE, cost=45_000),
        event(4, timestamp=AT, model="claude-haiku-4-5", usage=USAGE, cost=7),
    ]

    async def record() -> None:
        hop = StoreHop(make_engine(f"sqlite:///{made / 'signalbox.db'}"))
        await SqlEventStore(hop, FakeClock(), ChainSigner(b"k" * 32)).apply(
            EventBatch(writer="w", events=tuple(events))
        )
        hop.close()

    asyncio.run(record())
    return made


def _bill(folder: Path, *rows: tuple[str, ...], name: str = "bill.csv") -> str:
    out = io.StringIO()
    csv.writer(out).writerows([("usage_date_utc", "model", "tokens", "amount_value"), *rows])
    (folder / name).write_text(out.getvalue())
    return str(folder / name)


def _own(folder: Path) -> str:
    return _bill(
        folder,
        ("2026-03-01", "gpt-4o-2024-08-06", "1600", format_usd(1_234_567_891)),
        ("2026-03-01", "gpt-4o-2024-11-20", "1600", format_usd(9)),
        ("2026-03-02", "gpt-4o-mini-2024-07-18", "1600", format_usd(45_000)),
    )


def test_a_bill_of_our_own_figures_agrees_to_the_nano_dollar(folder: Path) -> None:
    code, out, said = run_at(folder, "usage", "reconcile", _own(folder), "--tolerance", "0", "--json")
    assert (code, said) == (0, "")
    found: dict[str, Any] = json.loads(out)
    assert (found["within"], found["leftOut"]) == (True, ["claude-haiku-4-5"])
    assert [(each["day"], each["model"], each["cost"]["amount"]) for each in found["lines"]] == [
        ("2026-03-01", "gpt-4o", 0), ("2026-03-02", "gpt-4o-mini", 0),
    ]  # fmt: skip
    assert found["lines"][0]["ours"]["estimated"] == 1
    assert found["totals"]["ours"]["cost"] == 1_234_612_900


def test_a_drift_beyond_the_tolerance_ends_with_1(folder: Path) -> None:
    bill = _bill(folder, ("2026-03-01", "gpt-4o", "3200", "1.30"), name="drift.csv")
    code, out, _ = run_at(folder, "usage", "reconcile", bill)
    assert (code, "DRIFT" in out, "NOT within 1 %" in out) == (1, True, True)
    found = json.loads(run_at(folder, "usage", "reconcile", bill, "--json")[1])
    assert found["lines"][0]["cost"] == {"amount": -65_432_100, "percent": -5.0332, "within": False}
    assert run_at(folder, "usage", "reconcile", bill, "--tolerance", "5.1")[0] == 0


def test_wrong_lines_are_all_named(folder: Path) -> None:
    bill = _bill(folder, ("1/3/26", "gpt-4o", "1,000", "1"), ("2026-03-01", "gpt-4o", "1", "x"), name="wrong.csv")
    code, out, said = run_at(folder, "usage", "reconcile", bill)
    assert (code, out) == (2, "")
    assert [place in said for place in ("line 2, date", "line 2, tokens", "line 3, cost")] == [True] * 3


def test_a_file_or_tolerance_that_cannot_be_is_bad_usage(folder: Path) -> None:
    assert run_at(folder, "usage", "reconcile", str(folder / "none.csv"))[0] == 2
    assert run_at(folder, "usage", "reconcile", str(folder))[0] == 2
    code, _, said = run_at(folder, "usage", "reconcile", _own(folder), "--tolerance", "1,5")
    assert (code, "tolerance" in said) == (2, True)

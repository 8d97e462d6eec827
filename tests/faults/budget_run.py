"""Many processes spend one account's budget at once, some of them killed: what reached the provider is what fitted.

``python -m tests.faults.budget_run`` runs it at full size and prints what came of it.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router_core.budgets.periods import period_at
from router_core.ports import AccountRecord
from router_core.types import Budget, BudgetBalance
from signalbox.bootstrap import build
from signalbox.settings import Settings, read_settings
from tests.faults.budget_worker import CENT, begin
from tests.support.ready_process import READY
from tests.support.simulator_process import SimulatorProcess

ACCOUNT = "spender"
PATIENCE_S = 300.0
LOOK_S = 0.01


@dataclass(frozen=True)
class BudgetRun:
    """So many processes ask so often at once; the budget has room for ``room`` requests; ``kills`` die on the way."""

    processes: int = 8
    at_once: int = 64
    requests: int = 5_000
    room: int = 700
    kills: int = 0
    seed: int = 0


@dataclass
class Outcome:
    """What the callers saw, what the provider logged, and what the store says in the end."""

    ends: Counter[str] = field(default_factory=Counter)
    reached: int = 0
    spent: int = 0
    leased: int = 0
    overage: int = 0


def environment(folder: Path, simulator: SimulatorProcess, store_url: str | None) -> dict[str, str]:
    """Return the settings that all processes share."""
    named = {
        "SIGNALBOX_DATA_DIR": str(folder / "data"),
        "OPENAI_API_KEY": "sk-budget-run",
        "OPENAI_BASE_URL": simulator.openai_url,
        "SIGNALBOX_HEALTH_CHECKS": "false",
        "SIGNALBOX_RATE_LIMIT_RPS": "10000",
        "SIGNALBOX_RATE_LIMIT_BURST": "100000",
        "SIGNALBOX_LOG_LEVEL": "error",
    }
    return named if store_url is None else {**named, "DATABASE_URL": store_url}


async def prepare(settings: Settings, limit: int) -> None:
    """Make the account with a daily budget, and none by the month."""
    runtime = await build(settings)
    now = runtime.clock.utcnow()
    await runtime.accounts.create(
        AccountRecord(id=ACCOUNT, name=ACCOUNT, timezone="UTC", is_active=True, created_at=now)
    )
    for period, amount in (("daily", limit), ("monthly", None)):
        budget = Budget(id=f"run-{period}", scope="account", target=ACCOUNT, period=period, limit=amount)  # type: ignore[arg-type]
        await runtime.limits.put_budget(budget)
    await runtime.close()


async def balance(settings: Settings) -> BudgetBalance:
    """Return the daily budget once everything is on record, what dead processes left behind too."""
    runtime = await build(settings)
    key = (f"account:{ACCOUNT}:daily", period_at("daily", "UTC", runtime.clock.utcnow()).key)
    found = None
    for _ in range(300):
        (found,) = await runtime.budgets.balances([key])
        if found.leased == 0 and not runtime.recording.stats().pending:
            break
        await runtime.clock.sleep(0.2)
    await runtime.close()
    assert found is not None
    return found


def play(run: BudgetRun, folder: Path, store_url: str | None = None) -> Outcome:
    """Do the run; the processes begin together."""
    outcome = Outcome()
    with SimulatorProcess("--fast", "--call-log", str(folder / "calls.jsonl")) as simulator:
        named = environment(folder, simulator, store_url)
        settings = read_settings(named)
        asyncio.run(prepare(settings, run.room * CENT))
        with _workers(run, named) as workers:
            for each in workers:
                assert each.told() == "ready"
            for each in workers:
                each.end.send("go")
            _kill_some(run, workers, simulator)
            for each in workers:
                with suppress(EOFError, ConnectionResetError):  # of one that was killed
                    outcome.ends.update(each.told())
        found = asyncio.run(balance(settings))
    outcome.reached = len((folder / "calls.jsonl").read_text().splitlines())
    outcome.spent, outcome.leased, outcome.overage = found.spent, found.leased, found.overage
    return outcome


class _Worker:
    """One process of the run, and our end of the line to it."""

    def __init__(self, run: BudgetRun, named: dict[str, str]) -> None:
        self.end, other = READY.Pipe()
        order = (named, ACCOUNT, run.requests // run.processes, run.at_once, other)
        self.process = READY.Process(target=begin, args=order, daemon=True)
        self.process.start()
        other.close()

    def told(self) -> Any:
        """Return what the process says next; raises EOFError when it has ended."""
        assert self.end.poll(PATIENCE_S), "the process says nothing"
        return self.end.recv()

    def close(self) -> None:
        """End the process, unless it has ended."""
        self.process.kill()
        self.process.join()
        self.end.close()


@contextmanager
def _workers(run: BudgetRun, named: dict[str, str]) -> Iterator[list[_Worker]]:
    made = [_Worker(run, named) for _ in range(run.processes)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


def _kill_some(run: BudgetRun, workers: list[_Worker], simulator: SimulatorProcess) -> None:
    """Kill processes at random, one after each further part of the room is used."""
    doomed = random.Random(run.seed).sample(workers, run.kills)
    for number, each in enumerate(doomed, 1):
        while simulator.counts()["calls"] < run.room * number // (run.kills + 2) and each.process.exitcode is None:
            each.process.join(LOOK_S)
        each.process.kill()


def main() -> int:
    """Play the run at full size, on SQLite, with and without kills."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.budget_run", description=__doc__)
    parser.add_argument("--store", default=None, help="URL of an empty PostgreSQL database instead of SQLite")
    parser.add_argument("--kills", type=int, default=0, help="how many processes are killed on the way")
    parser.add_argument("--processes", type=int, default=BudgetRun.processes)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = BudgetRun(kills=chosen.kills, processes=chosen.processes)
        outcome = play(run, Path(folder), chosen.store)
    print(outcome)
    exact = outcome.reached == run.room if not run.kills else outcome.reached <= run.room
    return 0 if exact and outcome.spent <= run.room * CENT and not outcome.overage else 1


if __name__ == "__main__":
    sys.exit(main())

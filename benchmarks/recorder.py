"""What recording costs: the journal on a request's path, and the store behind it.

``python -m benchmarks.recorder [--store postgresql://…]`` prints microseconds per request for both journal entries
and the queue, and events per second that the recorder brings into the store, everything included.
"""

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from benchmarks.record_samples import sample_event, sample_intent
from db.engine import make_engine
from db.hop import StoreHop
from db.migrate import upgrade
from db.records.event_store import SqlEventStore
from db.stores.budgets import SqlBudgetStore
from router_core.audit.head_files import HeadFiles
from router_core.audit.signatures import ChainSigner
from router_core.budgets.guard import LeasedBudget
from router_core.clock import SystemClock
from router_core.journal.journal import FileJournal
from router_core.journal.poison import PoisonFile
from router_core.journal.policy import JournalPolicy
from router_core.journal.recorder import EventRecorder, RecorderParts, RecorderPolicy
from router_core.metrics.overlay import PendingEvents
from router_core.ports import EventStore, JournalPosition
from router_core.types import NANO_PER_USD, BudgetBook, DefaultBudgets, Payer, ProviderConfig, RequestEvent

PATH_ROUNDS = 5
PATH_EVENTS = 4_000
STORE_EVENTS = 40_000
PROVIDER = ProviderConfig(
    id="row", name="row", kind="openai", model="m", use_cases=("general",), max_tokens=1_000, context_window=2_000
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", help="URL of an empty PostgreSQL database; SQLite in a temporary folder without")
    parser.add_argument("--events", type=int, default=STORE_EVENTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        url = options.store or f"sqlite:///{folder / 'bench.db'}"
        upgrade(url)
        asyncio.run(_run(folder, url, options.events))


async def _run(folder: Path, url: str, events: int) -> None:
    clock, signer = SystemClock(), ChainSigner(os.urandom(32))
    hop = StoreHop(make_engine(url))
    store = SqlEventStore(hop, clock, signer)
    (folder / "journal").mkdir()
    recorder, journal = _recorder(folder, store, signer)
    await recorder.drain()
    print(f"journal and queue: {_path_cost(recorder, journal):.1f} us per request (intent and outcome)")
    await recorder.drain()
    samples = await _charged([sample_event(number, clock) for number in range(events)], hop)
    for event in samples:
        recorder.record(event)
    began, cpu = time.perf_counter(), time.process_time()
    await recorder.drain()
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    print(f"recorder: {events / wall:,.0f} events/s ({used / events * 1e6:.0f} us CPU each) into {kind}")
    print(f"failed {recorder.stats().failed}, dropped {recorder.stats().dropped}, pending {recorder.pending}")
    journal.close(settled=True)
    hop.close()


async def _charged(events: Sequence[RequestEvent], hop: StoreHop) -> list[RequestEvent]:
    """Return ``events`` with what they are charged, held and settled in the daily and monthly budgets of accounts."""
    clock, limit = SystemClock(), 10**9 * NANO_PER_USD
    book = BudgetBook(defaults=DefaultBudgets(daily=limit, monthly=limit))
    guard = LeasedBudget(SqlBudgetStore(hop, clock), lambda: book, clock, writer="bench", node="n")
    charged = []
    for event in events:
        hold = await guard.hold(Payer(event.account_id, None, event.use_case), PROVIDER, event.cost, 1.0)
        charged.append(structs.replace(event, charges=hold.settle(event.cost or 0)))
    return charged


def _recorder(folder: Path, store: EventStore, signer: ChainSigner) -> tuple[EventRecorder, FileJournal]:
    clock = SystemClock()
    journal = FileJournal(folder / "journal", JournalPolicy(), clock, first=1)
    parts = RecorderParts(
        writer="bench",
        store=store,
        heads=HeadFiles(folder / "heads", signer),
        overlay=PendingEvents(),
        poison=PoisonFile(folder / "poison"),
        on_gap=lambda _: None,
        clock=clock,
    )
    return EventRecorder(journal, parts, RecorderPolicy(), reached=JournalPosition()), journal


def _path_cost(recorder: EventRecorder, journal: FileJournal) -> float:
    """Return the best round's microseconds for what a request waits for."""
    clock = SystemClock()
    best = float("inf")
    for turn in range(PATH_ROUNDS):
        events = [sample_event(turn * PATH_EVENTS + number, clock) for number in range(PATH_EVENTS)]
        intents = [sample_intent(event) for event in events]
        gc.collect()
        began = time.perf_counter()
        for event, intent in zip(events, intents, strict=True):
            journal.intend(intent)
            recorder.record(event)
        best = min(best, time.perf_counter() - began)
    return best / PATH_EVENTS * 1e6


if __name__ == "__main__":
    main()

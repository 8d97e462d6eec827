"""Budgets in numbers: what holding and settling costs while a lease lasts, and whether anybody is refused falsely.

``python -m benchmarks.budgets`` measures the first in this process; with ``--falsely`` it sends 100,000 requests of
four processes against a budget that stays 80 % free, on SQLite, and counts refusals.
"""

import argparse
import asyncio
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from db.engine import make_engine
from db.hop import StoreHop
from db.migrate import upgrade
from db.stores.budgets import SqlBudgetStore
from router_core.attempts.payment import Payment
from router_core.budgets.guard import LeasedBudget
from router_core.budgets.memory_store import MemoryBudgetStore
from router_core.clock import SystemClock
from router_core.cost.prices import ConfiguredPrices
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.router import StaticConfig
from router_core.types import (
    NANO_PER_USD,
    Budget,
    BudgetBook,
    Candidate,
    Payer,
    PriceBook,
    ProviderConfig,
    Snapshot,
    Usage,
)
from signalbox.prices import load_catalogue

__all__ = ["falsely_refused", "hold_and_settle_us", "priced_call_us"]

ROUNDS, HOLDS = 7, 20_000
PROCESSES, AT_ONCE, REQUESTS, MAX_TOKENS = 4, 64, 100_000, 500
PAYER = Payer("acme", "key-1", "general")
ROW = ProviderConfig(
    id="row", name="row", kind="openai", model="gpt-4o", use_cases=("general",), max_tokens=16_384,
    context_window=128_000,
)  # fmt: skip
# gpt-4o: ten dollars a million tokens written. What is really written is a fifth of what is held.
BOUND = MAX_TOKENS * 10_000
ACTUAL = BOUND // 5


def _book(limit: int) -> BudgetBook:
    daily = Budget(id="d", scope="account", target="acme", period="daily", limit=limit)
    monthly = Budget(id="m", scope="account", target="acme", period="monthly", limit=10 * limit)
    return BudgetBook([daily, monthly])


async def hold_and_settle_us() -> tuple[float, float]:
    """Return median CPU microseconds of one hold with its settlement in two budgets, and requests for each trip."""
    costs, trips = [], 0
    for _ in range(ROUNDS):
        guard = await _warm_guard()
        started = time.process_time()
        for _ in range(HOLDS):
            hold = await guard.hold(PAYER, ROW, BOUND, 1.0)
            hold.settle(ACTUAL)
        costs.append((time.process_time() - started) / HOLDS * 1e6)
        trips += guard.trips
    return statistics.median(costs), ROUNDS * HOLDS / trips


async def priced_call_us() -> float:
    """Return the same with what comes before and after: the tariff, the bound of a call, and the cost of its answer."""
    catalogue, clock, costs = load_catalogue(SystemClock().utcnow()), SystemClock(), []
    prices = ConfiguredPrices(
        StaticConfig(Snapshot((ROW,), prices=PriceBook(catalogue.listed))), catalogue.canonical, clock
    )
    candidate, usage = Candidate(ROW, MAX_TOKENS, ""), Usage(input_tokens=90, output_tokens=MAX_TOKENS // 5)
    for _ in range(ROUNDS):
        guard = await _warm_guard()
        started = time.process_time()
        for _ in range(HOLDS):
            payment = Payment(guard, prices.tariff("acme"), PAYER, 100)
            held = await payment.hold(candidate, 1.0)
            held.settle(usage, "gpt-4o-2024-08-06")
        costs.append((time.process_time() - started) / HOLDS * 1e6)
    return statistics.median(costs)


async def _warm_guard() -> LeasedBudget:
    book = _book(100_000 * NANO_PER_USD)
    guard = LeasedBudget(MemoryBudgetStore(), lambda: book, SystemClock(), writer="w", node="n")
    (await guard.hold(PAYER, ROW, BOUND, 1.0)).settle(ACTUAL)
    return guard


def falsely_refused() -> Counter[str]:
    """Return how 100,000 requests of four processes ended whose budget stays 80 % free, and trips to the store."""
    folder = Path(tempfile.mkdtemp())
    try:
        url = f"sqlite:///{folder / 'signalbox.db'}"
        upgrade(url)
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            return sum(pool.starmap(_spend, [(url, number) for number in range(PROCESSES)]), Counter())
    finally:
        shutil.rmtree(folder)


def _spend(url: str, number: int) -> Counter[str]:
    return asyncio.run(_spending(url, number))


async def _spending(url: str, number: int) -> Counter[str]:
    clock, hop = SystemClock(), StoreHop(make_engine(url))
    # A fifth of the limit is what all of it will cost.
    book = _book(5 * REQUESTS * ACTUAL)
    guard = LeasedBudget(SqlBudgetStore(hop, clock), lambda: book, clock, writer=f"w{number}", node=f"n{number}")
    ends: Counter[str] = Counter()
    left = iter(range(REQUESTS // PROCESSES))

    async def lane() -> None:
        for _ in left:
            try:
                hold = await guard.hold(PAYER, ROW, BOUND, 1.0)
            except (PaymentRequiredError, OverloadedError) as error:
                ends[error.code] += 1
                continue
            await asyncio.sleep(0)
            hold.settle(ACTUAL)
            ends["served"] += 1

    looking = asyncio.create_task(guard.run())
    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await guard.close()
    ends["trips"] = guard.trips
    hop.close()
    return ends


def main() -> int:
    """Measure and print; the exit code is 1 when somebody was refused falsely."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budgets", description=__doc__)
    parser.add_argument("--falsely", action="store_true", help="count false refusals over four processes")
    if parser.parse_args().falsely:
        ends = falsely_refused()
        print(dict(ends))
        return int(ends["served"] != REQUESTS)
    cost, requests = asyncio.run(hold_and_settle_us())
    print(f"hold and settle in two budgets: {cost:.2f} us; one trip to the store in {requests:,.0f} requests")
    print(f"with the tariff, the bound and the cost of the answer: {asyncio.run(priced_call_us()):.2f} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())

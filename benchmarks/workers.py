"""Requests a second of ``signalbox serve`` with one and with two workers, in one run, as a ratio.

``python -m benchmarks.workers [--seconds 5] [--callers 16] [--store postgresql://…]``. Clients and the simulated
provider share the machine with the workers, so the ratio is a lower bound of what more cores would give.
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

from router_core.clock import SystemClock
from tests.support.server_process import WorkersServer
from tests.support.simulator_process import SimulatorProcess

BODY: dict[str, Any] = {"prompt": "hi [[sim:output_tokens=5]]", "modelOverride": "gpt-4o-mini", "maxTokens": 16}


async def rate(server: WorkersServer, seconds: float, callers: int) -> float:
    """Return answers a second with ``callers`` that each ask as soon as they were answered."""
    clock, answered = SystemClock(), 0
    headers = {"authorization": f"Bearer {server.facts['api_key']}"}

    async def ask_on(session: aiohttp.ClientSession, until: float) -> None:
        nonlocal answered
        while clock.now() < until:
            async with session.post("/api/llm", json=BODY) as answer:
                await answer.read()
                answered += answer.status == 200

    async with aiohttp.ClientSession(server.base_url, headers=headers) as session:
        await asyncio.gather(*(ask_on(session, clock.now() + 1.0) for _ in range(callers)))
        answered = 0
        await asyncio.gather(*(ask_on(session, clock.now() + seconds) for _ in range(callers)))
    return answered / seconds


def measured(workers: int, options: argparse.Namespace) -> float:
    """Return the rate of a fresh server with so many workers."""
    wide = {"SIGNALBOX_DAILY_BUDGET_USD": "1000000", "SIGNALBOX_MONTHLY_BUDGET_USD": "1000000"}
    named = wide if options.store is None else {**wide, "DATABASE_URL": options.store}
    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatorProcess("--fast") as simulator,
        WorkersServer(Path(folder) / "data", workers, simulator.openai_url, simulator.base_url, **named) as server,
    ):
        return asyncio.run(rate(server, options.seconds, options.callers))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--store", default=None, help="URL of an empty PostgreSQL database instead of SQLite")
    options = parser.parse_args()
    one, two = measured(1, options), measured(2, options)
    print(
        f"{os.cpu_count()} cores, {options.callers} callers: 1 worker {one:.0f} requests/s, 2 workers {two:.0f}, "
        f"ratio {two / one:.2f}"
    )


if __name__ == "__main__":
    main()

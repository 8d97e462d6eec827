"""Kills the serving process again and again under traffic, then settles accounts with clients and providers.

``python -m tests.faults.record_kills [--kills 50] [--store postgresql://…]`` is the long form.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
from sqlalchemy import text

from db.engine import make_engine, reading
from tests.faults.settled_record import journal_files, settled
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

__all__ = ["Accounts", "run_kills"]

RATE = 100
EACH_LIFE = 20  # answers that reach their clients before the server may be killed
PATIENCE_S = 120.0
TRACE_OUTCOMES = "SELECT l.request_id, l.status, t.trace FROM audit_log l JOIN audit_traces t ON t.id = l.id"


class LastingServer(PlainServer):
    """A server that is started many times on one data directory."""

    store: Mapping[str, str] = MappingProxyType({})

    def command(self, *arguments: str, **environment: str) -> Any:
        """Run a command on the server's own store."""
        return super().command(*arguments, **{**self.store, **environment})

    def _facts(self) -> dict[str, Any]:
        return self.facts or super()._facts()


@dataclass
class Clients:
    """Callers that never give up calling; ``served`` holds the ids of requests whose answer reached them whole."""

    url: str
    key: str
    numbers: Iterator[int] = field(default_factory=itertools.count)
    sent: int = 0
    served: list[str] = field(default_factory=list)

    async def run(self, until: asyncio.Event) -> None:
        """Send 100 requests a second, streams and whole answers, until told to stop."""
        tasks: set[asyncio.Task[None]] = set()
        timeout = aiohttp.ClientTimeout(total=8)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while not until.is_set():
                task = asyncio.create_task(self._one(session, f"kill-{next(self.numbers)}"))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                with suppress(TimeoutError):
                    await asyncio.wait_for(until.wait(), 1 / RATE)
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, session: aiohttp.ClientSession, tag: str) -> None:
        streamed = int(tag.rpartition("-")[2]) % 2 == 0
        body = {"prompt": f"hi [[sim:tag={tag}]] [[sim:output_tokens=20]]", "useCase": "draft", "stream": streamed}
        headers = {"authorization": f"Bearer {self.key}", "x-request-id": tag}
        self.sent += 1
        with suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(f"{self.url}/api/llm", json=body, headers=headers) as answer:
                data = await answer.read()
                whole = data.endswith(b"data: [DONE]\n\n") if streamed else answer.status == 200
                if answer.status == 200 and whole and b'"type":"error"' not in data:
                    self.served.append(tag)


@dataclass(frozen=True)
class Accounts:
    """What is left when everything is settled."""

    sent: int
    served: int
    rows: int
    unknown: int
    calls: int
    faults: list[str]


def run_kills(folder: Path, kills: int, store: str | None, seed: int = 0) -> Accounts:
    """Kill ``kills`` times, end in peace, and settle. Every fault is one line."""
    log = folder / "calls.jsonl"
    environment = {} if store is None else {"DATABASE_URL": store}
    with SimulatorProcess("--call-log", str(log)) as simulator:
        server = LastingServer(
            folder / "data", simulator.openai_url, simulator.base_url, SIGNALBOX_HEALTH_CHECKS="false", **environment
        )
        server.store = environment
        server.start()
        clients = Clients(server.base_url, server.facts["api_key"])
        try:
            asyncio.run(_kill_under_traffic(server, clients, kills, random.Random(seed)))
            code = server.stop(45)
        finally:
            server.kill()
        verified = server.command("audit", "verify")
    faults = [] if code == 0 else [f"the server ended with code {code}"]
    if not verified["sound"]:
        faults.append(f"the chain is broken: {verified}")
    left = journal_files(folder / "data")
    if left:
        faults.append(f"the journal is not empty: {left}")
    return _settle(folder, store, clients, log, faults)


async def _kill_under_traffic(server: LastingServer, clients: Clients, kills: int, rng: random.Random) -> None:
    until = asyncio.Event()
    traffic = asyncio.create_task(clients.run(until))
    for _ in range(kills):
        await _served(clients, len(clients.served) + EACH_LIFE)
        await asyncio.sleep(rng.random() * 1.2)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    await _served(clients, len(clients.served) + EACH_LIFE)
    until.set()
    await traffic


async def _served(clients: Clients, wanted: int) -> None:
    """Wait until so many answers have reached their clients whole."""
    async with asyncio.timeout(PATIENCE_S):
        while len(clients.served) < wanted:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


def _settle(folder: Path, store: str | None, clients: Clients, log: Path, faults: list[str]) -> Accounts:
    url = store or f"sqlite:///{folder / 'data' / 'signalbox.db'}"
    engine = make_engine(url)
    with reading(engine).connect() as connection:
        rows = connection.execute(text(TRACE_OUTCOMES)).all()
    engine.dispose()
    sums = settled(url, "kill-").sums
    requests = [row for row in rows if row.request_id.startswith("kill-")]
    times = Counter(row.request_id for row in requests)
    calls = Counter(call["tag"] for call in map(json.loads, log.read_text().splitlines()) if call["tag"])
    faults += [
        f"{tag}: its answer reached the client, and {times[tag]} rows tell" for tag in clients.served if times[tag] != 1
    ]
    faults += [f"{tag}: {count} rows" for tag, count in times.items() if count > 1]
    attempts: Counter[str] = Counter()
    known: Counter[str] = Counter()
    for row in requests:
        outcomes = [each["outcome"] for each in json.loads(bytes(row.trace))["decision"].get("attempts", [])]
        attempts[row.request_id] += len(outcomes)
        known[row.request_id] += sum(outcome != "unknown" for outcome in outcomes)
    for tag in calls.keys() | attempts.keys():
        if not known[tag] <= calls[tag] <= attempts[tag]:
            faults.append(f"{tag}: {calls[tag]} calls, {attempts[tag]} attempts on record, {known[tag]} of them known")
    if len(set(sums.values())) != 1:
        faults.append(f"the sums differ: {sums}")
    unknown = sum(row.status == "unknown" for row in requests)
    return Accounts(clients.sent, len(clients.served), len(requests), unknown, sum(calls.values()), faults)


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--store")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2), "big"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="signalbox-kills-") as folder:
        found = run_kills(Path(folder), options.kills, options.store, options.seed)
    print(
        f"seed {options.seed}: {options.kills} kills, {found.sent} requests, {found.served} served whole, "
        f"{found.rows} rows ({found.unknown} unknown), {found.calls} calls at the providers"
    )
    for fault in found.faults[:20]:
        print(f"  {fault}")
    print("every rule holds" if not found.faults else f"{len(found.faults)} faults")
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())

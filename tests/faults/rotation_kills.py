"""Rotates stored keys under traffic while whoever rotates is killed again and again; nobody may notice.

``python -m tests.faults.rotation_kills [--keys 1000] [--kills 10] [--store postgresql://…]`` is the long form.
"""

import argparse
import asyncio
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.engine import make_engine, writing
from db.models import LlmProvider
from db.provider_key_models import ProviderKeyRow
from router_core.clock import SystemClock
from router_core.security.stored_keys import sealed_place
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.rotation import KeyRotation
from router_core.types import Secret
from signalbox.commands.encryption import vault_parts
from signalbox.commands.store_desk import opened_desk
from signalbox.settings import Settings, read_settings
from signalbox.unlocking import unlock
from tests.faults.record_kills import LastingServer
from tests.support.ready_process import READY
from tests.support.simulator_process import SimulatorProcess

__all__ = ["Rotated", "run_rotation"]

RATE: Final = 50
FIRST: Final = ("begin", "staged", "known", "promoted", "sealing")
LAST: Final = ("nothing left", "settled")
MARK: Final = "PLANTED"
# Money is another test's: nobody is to wait for it here.
ROOMY: Final = {
    "SIGNALBOX_HEALTH_CHECKS": "false", "SIGNALBOX_DAILY_BUDGET_USD": "1000000",
    "SIGNALBOX_MONTHLY_BUDGET_USD": "10000000",
}  # fmt: skip


class KeylessServer(LastingServer):
    """A server without a provider key in its environment: whatever it serves, it serves with stored ones."""

    def __init__(self, folder: Path, simulator: SimulatorProcess, **environment: str) -> None:
        super().__init__(folder, simulator.openai_url, simulator.base_url, **environment)
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            del self._environment[name]


@dataclass
class Traffic:
    """Callers at an even rate; ``failed`` says what became of each request that was not served whole."""

    url: str
    key: str
    numbers: Iterator[int] = field(default_factory=itertools.count)
    sent: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    async def run(self, until: asyncio.Event) -> None:
        """Send 50 requests a second, streams and whole answers, until told to stop."""
        tasks: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            while not until.is_set():
                task = asyncio.create_task(self._one(session, next(self.numbers)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                due += 1 / RATE
                with suppress(TimeoutError):
                    await asyncio.wait_for(until.wait(), max(0.0, due - time.monotonic()))
            await asyncio.gather(*tasks)

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        streamed, use_case = number % 2 == 0, ("general", "draft", "complex")[number % 3]
        body = {"prompt": "hi [[sim:output_tokens=5]]", "useCase": use_case, "stream": streamed, "maxTokens": 50}
        self.sent += 1
        try:
            headers = {"authorization": f"Bearer {self.key}"}
            async with session.post(f"{self.url}/api/llm", json=body, headers=headers) as answer:
                data = await answer.read()
                whole = data.endswith(b"data: [DONE]\n\n") if streamed else answer.status == 200
                if answer.status != 200 or not whole or b'"type":"error"' in data:
                    self.failed[f"{answer.status} {data[-200:].decode(errors='replace')}"] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed[type(error).__name__] += 1


@dataclass(frozen=True)
class Rotated:
    """What is left at the end; every fault is one line. ``killed`` names the steps that were the last of a life."""

    sent: int
    failed: int
    killed: tuple[str, ...]
    seconds: float
    faults: list[str]


def run_rotation(folder: Path, keys: int, kills: int, store: str | None, seed: int = 0) -> Rotated:
    """Rotate ``keys`` keys, killed ``kills`` times, then settle."""
    environment = {**ROOMY, **({} if store is None else {"DATABASE_URL": store})}
    data = folder / "data"
    data.mkdir(mode=0o700)
    planted = _plant(_settings(data, environment), keys)
    with SimulatorProcess("--fast") as simulator:
        server = KeylessServer(data, simulator, **environment)
        server.store = environment
        server.start()
        traffic = Traffic(server.base_url, server.facts["api_key"])
        began = time.monotonic()
        try:
            killed = asyncio.run(_rotate(traffic, data, environment, _plan(keys, kills, random.Random(seed))))
            seconds = time.monotonic() - began
            status = server.command("encryption", "status")
            code = server.stop(45)
        finally:
            server.kill()
    faults = [] if code == 0 else [f"the server ended with code {code}"]
    faults += [f"{count} requests: {what}" for what, count in traffic.failed.items()]
    if (status["state"], status["total"], status["unreadable"], status["waiting"]) != ("settled", keys, 0, 0):
        faults.append(f"the vault is {status['state']}: {status['unreadable']} unreadable, {status['waiting']} waiting")
    faults += _unlike(_settings(data, environment), planted)
    faults += [f"{path} holds a key in the clear" for path in sorted(folder.rglob("*")) if _shows(path)]
    return Rotated(traffic.sent, sum(traffic.failed.values()), tuple(killed), seconds, faults)


def _settings(folder: Path, environment: dict[str, str]) -> Settings:
    return read_settings({**environment, "SIGNALBOX_DATA_DIR": str(folder)})


def _plant(settings: Settings, keys: int) -> dict[str, str]:
    """Store so many keys, spread over all providers; return them by their ids."""
    clock = SystemClock()
    unlocked = unlock(settings, clock, migrate=True)
    manager = KeyManager(unlocked.opened.ring(unlocked.record))
    secrets = {f"key-{number:05d}": f"sk-{MARK}-{number:05d}-{os.urandom(12).hex()}" for number in range(keys)}
    engine, now = make_engine(settings.store_url), clock.utcnow()
    with Session(writing(engine)) as session, session.begin():
        kinds = session.execute(select(LlmProvider.id, LlmProvider.provider).order_by(LlmProvider.id)).all()
        rows = [
            {
                "id": key_id, "provider_id": row.id, "account_id": None, "label": key_id, "place": row.provider,
                "sealed": manager.seal(sealed_place(key_id, None), Secret(secret)), "key_version": 1, "mask": "sk-***",
                "entered_at": now, "created_by": "test", "created_at": now, "changed_by": "test", "changed_at": now,
            }
            for (key_id, secret), row in zip(secrets.items(), itertools.cycle(kinds), strict=False)
        ]  # fmt: skip
        session.execute(insert(ProviderKeyRow), rows)
    engine.dispose()
    return secrets


def _plan(keys: int, kills: int, rng: random.Random) -> list[tuple[str, int]]:
    """Return after which step of which number each life ends: one of the first, rows, one of the last."""
    rows = [
        (rng.choice(("opened a row", "swapped a row")), rng.randrange(1, max(2, keys // kills)))
        for _ in range(kills - 2)
    ]
    return [(rng.choice(FIRST), 1), *rows, (rng.choice(LAST), 1)]


async def _rotate(
    traffic: Traffic, folder: Path, environment: dict[str, str], plan: list[tuple[str, int]]
) -> list[str]:
    until = asyncio.Event()
    running = asyncio.create_task(traffic.run(until))
    try:
        killed = [await asyncio.to_thread(_life, folder, environment, *each) for each in plan]
        last = await asyncio.to_thread(_life, folder, environment, "", 0)
        assert last == "ended", last
        await _sent(traffic, traffic.sent + RATE)
    finally:
        until.set()
        await running
    return killed


async def _sent(traffic: Traffic, wanted: int) -> None:
    """Wait until so many requests were sent, now that the old key is gone."""
    while traffic.sent < wanted:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.02)


def _life(folder: Path, environment: dict[str, str], step: str, number: int) -> str:
    """Rotate in a process of its own that kills itself after a step; return the step, or that it came to its end."""
    process = READY.Process(target=_rotate_until, args=(folder, environment, step, number))
    process.start()
    process.join(120)
    if process.exitcode == -signal.SIGKILL:
        return step
    assert process.exitcode == 0, f"the rotation ended with {process.exitcode} before {step}"
    return "ended"


def _rotate_until(folder: Path, environment: dict[str, str], step: str, number: int) -> None:
    left = itertools.count(number, -1)

    def on_step(done: str) -> None:
        if done == step and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    async def rotate() -> Any:
        async with opened_desk(_settings(folder, environment), SystemClock()) as desk:
            return await KeyRotation(vault_parts(desk), on_step).run()

    asyncio.run(rotate())


def _unlike(settings: Settings, planted: dict[str, str]) -> list[str]:
    """Return the keys that do not open to what was planted."""
    unlocked = unlock(settings, SystemClock(), migrate=False)
    manager = KeyManager(unlocked.opened.ring(unlocked.record))
    engine = make_engine(settings.store_url)
    with Session(engine) as session:
        rows = session.execute(select(ProviderKeyRow.id, ProviderKeyRow.sealed, ProviderKeyRow.key_version)).all()
    engine.dispose()
    primary = manager.ring.primary.version
    return [
        f"{row.id} is not what it was"
        for row in rows
        if manager.open(sealed_place(row.id, None), row.sealed).reveal() != planted[row.id]
        or row.key_version != primary
    ]


def _shows(path: Path) -> bool:
    return path.is_file() and MARK.encode() in path.read_bytes()


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--store")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2), "big"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="signalbox-rotation-") as folder:
        found = run_rotation(Path(folder), options.keys, options.kills, options.store, options.seed)
    print(
        f"seed {options.seed}: {options.keys} keys, killed after {', '.join(found.killed)}; "
        f"{found.seconds:.1f} s, {found.sent} requests, {found.failed} failed"
    )
    for fault in found.faults[:20]:
        print(f"  {fault}")
    print("every rule holds" if not found.faults else f"{len(found.faults)} faults")
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())

"""What an API key costs to check, and whether the time of a refusal tells which keys there are.

Run it with ``python -m benchmarks.key_checks [--url DATABASE_URL]``.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.core_path import timed_async
from db.engine import make_engine
from db.hop import StoreHop
from db.migrate import upgrade
from db.stores import SqlAccountStore, SqlApiKeyStore
from router_core.clock import SystemClock, new_ulid
from router_core.errors import UnauthorizedError
from router_core.ports import AccountRecord
from router_core.security.api_keys import KeyAuthenticator, NewApiKey, new_api_key
from router_core.security.key_throttle import KeyThrottle, ThrottlePolicy
from router_core.types import KeyScopes

PEPPER = b"pepper of the benchmark, 32 byte"
BAR_CHECK_US, BAR_DIFFERENCE = 15.0, 0.05
ADDRESS = "203.0.113.7"
SCOPES = KeyScopes(routes=("/api/llm", "/api/llm/route"), use_cases=("draft",), models=("gpt-4o",))


class Bench:
    """A store with keys, and a process that checks them; it lets every bad key pass, since those are what is timed."""

    def __init__(self, url: str) -> None:
        upgrade(url)
        self.clock, self.hop = SystemClock(), StoreHop(make_engine(url))
        self.keys, self.accounts = SqlApiKeyStore(self.hop), SqlAccountStore(self.hop, self.clock)
        self.account = new_ulid(self.clock).lower()

    async def open(self) -> None:
        """Make the account."""
        await self.accounts.create(
            AccountRecord(
                id=self.account, name=self.account, timezone="UTC", is_active=True, created_at=self.clock.utcnow()
            )
        )

    def gate(self) -> KeyAuthenticator:
        """Return a process that knows no key yet."""
        throttle = KeyThrottle(self.clock, ThrottlePolicy(attempts=100_000_000))
        return KeyAuthenticator(self.keys, self.accounts, PEPPER, self.clock, throttle)

    async def made(self, scopes: KeyScopes) -> NewApiKey:
        """Return a new key."""
        key = new_api_key(PEPPER, self.clock, account_id=self.account, role="service", name="benchmark", scopes=scopes)
        await self.keys.create(key.record)
        return key


async def measure_checks(bench: Bench, times: int) -> Sequence[tuple[str, float, float]]:
    """Return what the check of a key in use costs, in CPU microseconds."""
    found = []
    for name, scopes in (("a key in use", KeyScopes()), ("a key in use, limited", SCOPES)):
        gate, key = bench.gate(), (await bench.made(scopes)).key.reveal().encode()
        await gate.authenticate(key, ADDRESS)
        cost = await timed_async(lambda gate=gate, key=key: gate.authenticate(key, ADDRESS), times)  # type: ignore[misc]
        found.append((f"{name}, us", cost, BAR_CHECK_US))
    return found


async def measure_refusals(bench: Bench, times: int) -> Sequence[tuple[str, float, float]]:
    """Return how long refusals take on the wall, in microseconds: an unknown id and a wrong secret, in turns."""
    gate, real = bench.gate(), await bench.made(KeyScopes())
    rng, took = random.Random(7), {"unknown": [0.0] * 0, "wrong": [0.0] * 0}
    for _ in range(times):
        order = ["unknown", "wrong"]
        rng.shuffle(order)
        for kind in order:
            id = f"{rng.getrandbits(64):016x}" if kind == "unknown" else real.id
            key = f"sbx_{id}_{rng.getrandbits(256):064x}"[:64].encode()
            started = time.perf_counter()
            try:
                await gate.authenticate(key, ADDRESS)
            except UnauthorizedError:
                took[kind].append((time.perf_counter() - started) * 1e6)
    unknown, wrong = median(took["unknown"]), median(took["wrong"])
    return [
        ("an unknown id, us", unknown, 0.0),
        ("a wrong secret, us", wrong, 0.0),
        (f"difference over {times:,} of each, share", abs(unknown - wrong) / wrong, BAR_DIFFERENCE),
    ]


async def main_async(url: str, checks: int, refusals: int) -> Sequence[tuple[str, float, float]]:
    """Return every figure with its bar."""
    bench = Bench(url)
    await bench.open()
    try:
        return [*await measure_checks(bench, checks), *await measure_refusals(bench, refusals)]
    finally:
        bench.hop.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="store to measure on; SQLite in a folder of its own by default")
    parser.add_argument("--checks", type=int, default=20_000, help="checks in each of seven rounds")
    parser.add_argument("--refusals", type=int, default=10_000, help="refusals of each kind")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.url or f"sqlite:///{Path(folder) / 'keys.db'}"
        for name, value, bar in asyncio.run(main_async(url, chosen.checks, chosen.refusals)):
            print(f"{name:<44}{value:>10.3f}" + (f"   at most {bar:g}" if bar else ""))


if __name__ == "__main__":
    main()

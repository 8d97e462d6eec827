"""Times the audit log's queries: ``python -m benchmarks.audit_queries URL`` on a store of ``benchmarks.audit_rows``.

Every combination of the eight indexed filters, with values that are common, rare and absent, over ranges of a day, a
week and everything: first page, last page and count, once each in random order, in milliseconds.
"""

import argparse
import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from db.engine import make_engine
from db.hop import StoreHop
from db.queries.audit_reader import SqlAuditReader
from router_core.clock import SystemClock
from router_core.types import AuditFilter

VALUES: dict[str, tuple[str, str, str]] = {
    "account": ("account-000", "account-150", "nobody"),
    "api_key": ("key000", "key350", "nobody"),
    "user": ("user1@example.com", "user49@example.com", "nobody"),
    "use_case": ("draft", "voice", "nobody"),
    "provider": ("provider-0", "provider-7", "nobody"),
    "model": ("gpt-4o-mini", "rare-model", "nobody"),
    "status": ("success", "unknown", "error"),
    "request_id": ("request-9999999", "request-5000000", "nobody"),
}
RANGES = {"24 h": timedelta(days=1), "7 d": timedelta(days=7), "30 d": timedelta(days=31)}
LIMIT = 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--share", type=float, default=1.0, help="share of the filters to try")
    options = parser.parse_args()
    asyncio.run(_run(options.url, options.share))


async def _run(url: str, share: float) -> None:
    hop = StoreHop(make_engine(url))
    reader = SqlAuditReader(hop, SystemClock())
    rng, now = random.Random(1), datetime.now(UTC)
    await reader.page(AuditFilter(since=now - timedelta(days=1), until=now), limit=1)
    timings: dict[tuple[str, str], list[tuple[float, str]]] = {}
    chosen = [each for each in _filters() if rng.random() < share]
    rng.shuffle(chosen)
    for span, filters in chosen:
        wanted = AuditFilter(since=now - RANGES[span], until=now + timedelta(days=1), **filters)
        name = "+".join(f"{key}={value}" for key, value in filters.items()) or "none"
        for kind, work in _asked(reader, wanted).items():
            began = time.perf_counter()
            await work
            timings.setdefault((span, kind), []).append(((time.perf_counter() - began) * 1000, name))
    began = time.perf_counter()
    await reader.choices(None)
    print(f"choices of the menus: {(time.perf_counter() - began) * 1000:.0f} ms")
    print(f"{'range':<6} {'query':<11} {'number':>7} {'p50':>7} {'p95':>7} {'max':>7} ms, slowest filter")
    for (span, kind), found in sorted(timings.items()):
        times = sorted(took for took, _ in found)
        slowest = max(found)
        p95 = times[int(0.95 * (len(times) - 1))]
        print(
            f"{span:<6} {kind:<11} {len(times):>7} {statistics.median(times):>7.1f} {p95:>7.1f} {times[-1]:>7.1f}"
            f" ms, {slowest[1]}"
        )
    hop.close()


def _asked(reader: SqlAuditReader, wanted: AuditFilter) -> dict[str, Awaitable[Any]]:
    return {
        "first page": reader.page(wanted, limit=LIMIT),
        "last page": reader.page(wanted, limit=LIMIT, oldest=True),
        "count": reader.count(wanted),
    }


def _filters() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every set of filters in every range, with values of one kind, and with mixed kinds."""
    names = list(VALUES)
    rng = random.Random(2)
    for size in range(len(names) + 1):
        for chosen in itertools.combinations(names, size):
            for span in RANGES:
                for kind in range(3 if chosen else 1):
                    yield span, {name: VALUES[name][kind] for name in chosen}
                if len(chosen) > 1:
                    yield span, {name: VALUES[name][rng.randrange(3)] for name in chosen}


if __name__ == "__main__":
    main()

"""Times what the Live screen asks: ``python -m benchmarks.live_queries [--store URL]``.

Seven days of rollups of two processes, five providers and four use cases each, 60 latency bins in every row.
"""

import argparse
import asyncio
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert

from db.engine import make_engine, writing
from db.hop import StoreHop
from db.migrate import upgrade
from db.record_models import MetricRollup
from db.records.metrics_store import SqlMetricsStore
from router_core.clock import SystemClock
from router_core.metrics.live import WINDOWS, LiveMetrics
from router_core.metrics.measures import COUNTS
from router_core.metrics.overlay import PendingEvents

ROUNDS = 7
KEPT = {60: timedelta(hours=3), 600: timedelta(days=2), 3600: timedelta(days=15)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", help="URL of an empty PostgreSQL database; SQLite in a temporary folder without")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        url = options.store or f"sqlite:///{Path(folder) / 'live.db'}"
        upgrade(url)
        engine = make_engine(url)
        with writing(engine).begin() as connection:
            for span, kept in KEPT.items():
                connection.execute(insert(MetricRollup), _rows(span, kept))
        hop = StoreHop(engine)
        asyncio.run(_time(hop))
        hop.close()


async def _time(hop: StoreHop) -> None:
    live = LiveMetrics(SqlMetricsStore(hop), PendingEvents(), SystemClock(), lambda: (0, 0))
    for window in WINDOWS:
        took: list[float] = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            report = await live.report(window)
            took.append((time.perf_counter() - began) * 1000)
        first, *later = took
        again = sorted(later)[ROUNDS // 2]
        print(f"{window:<4} {again:6.1f} ms, the first time {first:6.1f} ms, {report.totals.requests:,} requests")


def _rows(span: int, kept: timedelta) -> list[dict[str, Any]]:
    rng = random.Random(span)
    now = int(datetime.now(UTC).timestamp())
    newest = now - now % span
    bins = {rng.randrange(250, 420): rng.randrange(1, 9) for _ in range(60)}
    packed = msgspec.msgpack.encode(bins)
    counts = {name: rng.randrange(100) for name in COUNTS}
    return [
        {
            "span": span, "start": datetime.fromtimestamp(newest - step * span, UTC), "writer": writer,
            "provider": f"provider-{number % 5}", "model": f"model-{number % 5}", "use_case": f"use-{number // 5}",
            "errors_by_code": msgspec.msgpack.encode({"TIMEOUT": 3}), "latency": packed, "first_token": packed,
            **counts,
        }
        for step in range(int(kept.total_seconds()) // span)
        for writer in ("one", "two")
        for number in range(20)
    ]  # fmt: skip


if __name__ == "__main__":
    main()

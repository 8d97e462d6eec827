"""Times exports: ``python -m benchmarks.audit_export URL [--rows 1000000]`` on a store of ``benchmarks.audit_rows``."""

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db.engine import make_engine
from db.queries.audit_export import AuditBatches
from db.queries.audit_exporter import FORMATS, piped
from router_core.types import AuditFilter

ROWS_A_DAY = 333_333


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    engine = make_engine(options.url)
    now = datetime.now(UTC)
    wanted = AuditFilter(since=now - timedelta(days=options.rows / ROWS_A_DAY), until=now + timedelta(days=1))
    for batch in AuditBatches(engine, AuditFilter(since=now, until=now + timedelta(seconds=1))):
        del batch
    for name, encode in FORMATS.items():
        _time(name, encode, AuditBatches(engine, wanted))


def _time(name: str, encode: Callable[[Iterable[Any]], Iterator[bytes]], batches: AuditBatches) -> None:
    rows = 0

    def counted() -> Iterator[Any]:
        nonlocal rows
        for batch in piped(batches):
            rows += batch.num_rows
            yield batch

    before, began = _peak_mb(), time.perf_counter()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, (Path(folder) / name).open("wb") as file:
        for piece in encode(counted()):
            file.write(piece)
        size = file.tell()
    took = time.perf_counter() - began
    print(
        f"{name:<8} {rows:>9,} rows {rows / took:>9,.0f} rows/s {size / 1e6:>7.0f} MB, "
        f"peak memory +{_peak_mb() - before:.0f} MB, {threading.active_count()} threads"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

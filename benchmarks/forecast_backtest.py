"""How far forecasts are off, beside the straight line, on months made of the day shapes of ServeGen's tenants.

``python -m benchmarks.forecast_backtest`` with the traces' folder in ``TEST_TRACES``. The trace holds one day; a month
is that day again and again, with a weekly rhythm, a trend and noise of days and hours drawn for each tenant from a
fixed seed. Forecasts see the past only.
"""

import csv
import gzip
import os
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from router_core.budgets.forecast import forecast

__all__ = ["Accuracy", "backtest", "day_shapes"]

RATES = "servegen_mm-image_client_rates.csv.gz"
BUSIEST = 15
SEED = 20_261_124
NANO_A_REQUEST = 500_000
START, MONTH, END = (datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11))
ZONE = ZoneInfo("UTC")


class Accuracy(Struct, frozen=True, kw_only=True):
    """Medians of absolute errors as shares of the truth, and how often the truth lay in the interval."""

    forecasts: int
    ours: float
    straight_line: float
    ours_early: float
    straight_line_early: float
    covered: float


def day_shapes(folder: Path) -> list[list[float]]:
    """Return requests in each hour of the day of the busiest tenants."""
    hours: dict[str, list[float]] = defaultdict(lambda: [0.0] * 24)
    with gzip.open(folder / RATES, "rt") as lines:
        for row in csv.DictReader(lines):
            hours[row["client_id"]][int(row["t_seconds"]) // 3600] += float(row["rate_rps"]) * 600
    return sorted(hours.values(), key=sum, reverse=True)[:BUSIEST]


def _months(shape: Sequence[float], rng: random.Random) -> dict[datetime, int]:
    """Return the hourly cost of two months of one tenant."""
    weekend, trend = rng.choice((1.0, 0.7, 0.3, 0.1)), rng.uniform(-0.01, 0.015)
    costs = {}
    for number in range((END - START).days):
        day = START + timedelta(days=number)
        factor = (1 + trend) ** number * rng.lognormvariate(0, 0.25) * (weekend if day.weekday() > 4 else 1.0)
        for hour, requests in enumerate(shape):
            costs[day + timedelta(hours=hour)] = round(requests * factor * rng.lognormvariate(0, 0.3) * NANO_A_REQUEST)
    return costs


def backtest(folder: Path, *, tenants: int = BUSIEST, step_days: int = 1) -> Accuracy:
    """Forecast the end of the second month from its days 3 to 27, at 14:00, for each tenant."""
    rng = random.Random(SEED)
    ours, line, early, covered = [], [], [], []
    for shape in day_shapes(folder)[:tenants]:
        costs = _months(shape, rng)
        truth = sum(cost for hour, cost in costs.items() if hour >= MONTH)
        for day in range(3, 28, step_days):
            now = MONTH + timedelta(days=day - 1, hours=14)
            past = {hour: cost for hour, cost in costs.items() if hour < now}
            spent = sum(cost for hour, cost in past.items() if hour >= MONTH)
            found = forecast(history=past, now=now, end=END, spent=spent, limit=None, zone=ZONE)
            straight = spent / ((now - MONTH) / (END - MONTH))
            ours.append(abs(found.expected - truth) / truth)
            line.append(abs(straight - truth) / truth)
            early.append(day <= 10)
            covered.append(found.low <= truth <= found.high)
    first = [place for place, is_early in enumerate(early) if is_early]
    return Accuracy(
        forecasts=len(ours),
        ours=statistics.median(ours),
        straight_line=statistics.median(line),
        ours_early=statistics.median(ours[place] for place in first),
        straight_line_early=statistics.median(line[place] for place in first),
        covered=sum(covered) / len(covered),
    )


def main() -> int:
    """Print the figures; the exit code is 1 when the straight line is better."""
    folder = os.environ.get("TEST_TRACES")
    if folder is None:
        print("TEST_TRACES must name the folder of traces", file=sys.stderr)
        return 2
    found = backtest(Path(folder))
    print(
        f"{found.forecasts} forecasts: median error {found.ours:.2%}, straight line {found.straight_line:.2%}; "
        f"days 3 to 10: {found.ours_early:.2%}, straight line {found.straight_line_early:.2%}; "
        f"the 80 % interval held {found.covered:.1%}"
    )
    return int(found.ours >= found.straight_line)


if __name__ == "__main__":
    sys.exit(main())

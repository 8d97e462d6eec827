"""What will have been spent by the end of a day or month: an expected figure with an interval, out of hourly spending.

The shape of a week is learned from the past, hour of the day and day of the week apart, both drawn towards an even
shape while there is little of it; the level follows the last days. Times are aware, amounts nano-dollars.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from router_core.types import NanoUSD

__all__ = ["LEARNED_FROM", "Forecast", "ForecastBasis", "PathPoint", "forecast"]

ForecastBasis = Literal["none", "level", "hour_of_day", "hour_of_week"]
HOUR: Final = timedelta(hours=1)
# What the past has to say about the future.
LEARNED_FROM: Final = timedelta(days=35)
HOURS_A_DAY, DAYS_A_WEEK = 24, 7
# An 80 % interval of a normal distribution.
INTERVAL_Z: Final = 1.2816
# The level of the last days: the weight of a day halves every three days.
HALF_LIFE_DAYS: Final = 3.0
# So many days of an even shape stand beside what was seen.
EVEN_DAYS, EVEN_WEEKS = 1.0, 0.5
# A guess of how much a day may differ from its shape, until enough days were seen.
GUESSED_SPREAD, GUESSED_DAYS = 0.6, 2.0
# How far the level itself may drift, as a share of a day's spread.
DRIFT_SHARE: Final = 0.5


class PathPoint(Struct, frozen=True):
    """Spent in all by ``at``: expected, and the ends of an interval that holds the truth four times in five."""

    at: datetime
    low: NanoUSD
    expected: NanoUSD
    high: NanoUSD


class Forecast(Struct, frozen=True, kw_only=True):
    """The end of a period. ``basis`` says how much past there was to learn from.

    ``exhausted_at`` is when the expected path reaches the limit, None when it does not within the period.
    """

    low: NanoUSD
    expected: NanoUSD
    high: NanoUSD
    basis: ForecastBasis
    exhausted_at: datetime | None
    path: tuple[PathPoint, ...]


class _Shape(Struct, frozen=True):
    """Weights of the hours of a day and the days of a week, 1 on average, and the level and spread of whole days."""

    hours: tuple[float, ...]
    days: tuple[float, ...]
    level: float
    spread: float
    basis: ForecastBasis

    def rate(self, moment: datetime) -> float:
        """Return what the hour around a local ``moment`` is expected to cost."""
        return self.level * self.hours[moment.hour] * self.days[moment.weekday()]


def forecast(
    *,
    history: Mapping[datetime, NanoUSD],
    now: datetime,
    end: datetime,
    spent: NanoUSD,
    limit: NanoUSD | None,
    zone: ZoneInfo,
) -> Forecast:
    """Return where ``spent`` will stand at ``end``.

    ``history`` is the cost of whole UTC hours up to ``now``; hours that it lacks cost nothing from its first one on.
    """
    shape = _learned(history, now, zone)
    path, exhausted = [PathPoint(now, spent, spent, spent)], now if limit is not None and spent >= limit else None
    expected, days = float(spent), 0.0
    for start, stop in _hours(now, end):
        share = (stop - start) / HOUR
        added = shape.rate(start.astimezone(zone)) * share
        if exhausted is None and limit is not None and added > 0 and expected + added >= limit:
            exhausted = start + (stop - start) * max(0.0, (limit - expected) / added)
        expected += added
        days += share / HOURS_A_DAY
        margin = (expected - spent) * _relative(shape.spread, days) * INTERVAL_Z
        low = max(path[-1].low, round(max(spent, expected - margin)))
        path.append(PathPoint(stop, low, max(low, round(expected)), max(path[-1].high, round(expected + margin))))
    last = path[-1]
    return Forecast(
        low=last.low, expected=last.expected, high=last.high, basis=shape.basis, exhausted_at=exhausted,
        path=tuple(path),
    )  # fmt: skip


def _relative(spread: float, days: float) -> float:
    """Return the spread of the sum of ``days``: noise of single days evens out, a drift of the level does not."""
    return spread * math.sqrt(1 / max(days, 1.0) + DRIFT_SHARE**2)


def _hours(now: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the rest of the hour that runs, and every further one, up to ``end``."""
    start = now
    while start < end:
        stop = min(end, start.replace(minute=0, second=0, microsecond=0) + HOUR)
        yield start, stop
        start = stop


def _learned(history: Mapping[datetime, NanoUSD], now: datetime, zone: ZoneInfo) -> _Shape:
    running = now.replace(minute=0, second=0, microsecond=0)
    known = [hour for hour in history if hour < running]
    even = _Shape((1.0,) * HOURS_A_DAY, (1.0,) * DAYS_A_WEEK, 0.0, GUESSED_SPREAD, "none")
    if not known or not any(history[hour] for hour in known):
        return even
    first = min(known)
    count = int((running - first) / HOUR)
    costs = [float(history.get(first + HOUR * number, 0)) for number in range(count)]
    local = [(first + HOUR * number).astimezone(zone) for number in range(count)]
    whole_days = count // HOURS_A_DAY
    hours = _weights([each.hour for each in local], costs, HOURS_A_DAY, EVEN_DAYS)
    days = _weights(
        [each.weekday() for each in local], [_per(cost, hours[at.hour]) for cost, at in zip(costs, local, strict=True)],
        DAYS_A_WEEK, EVEN_WEEKS * HOURS_A_DAY,
    )  # fmt: skip
    basis: ForecastBasis = "hour_of_week" if whole_days >= 2 * DAYS_A_WEEK else "hour_of_day"
    if whole_days < DAYS_A_WEEK:
        days = even.days
    if whole_days < 2:
        hours, basis = even.hours, "level"
    expected = [hours[at.hour] * days[at.weekday()] for at in local]
    level, spread = _level(costs, expected)
    return _Shape(hours, days, level, spread, basis)


def _per(cost: float, weight: float) -> float:
    return cost / weight if weight > 0 else cost


def _weights(places: Sequence[int], costs: Sequence[float], count: int, even: float) -> tuple[float, ...]:
    """Return each place's mean as a share of the mean of all, drawn towards 1 by ``even`` observations."""
    mean = sum(costs) / len(costs)
    sums, seen = [0.0] * count, [0] * count
    for place, cost in zip(places, costs, strict=True):
        sums[place] += cost
        seen[place] += 1
    if mean <= 0:
        return (1.0,) * count
    raw = [(sums[place] / mean + even) / (seen[place] + even) for place in range(count)]
    scale = count / sum(raw)
    return tuple(each * scale for each in raw)


def _level(costs: Sequence[float], expected: Sequence[float]) -> tuple[float, float]:
    """Return the recent level, and how much whole days differ from it; the last day ends with the last hour."""
    ratios = []
    for stop in range(len(costs), 0, -HOURS_A_DAY):
        start = max(0, stop - HOURS_A_DAY)
        due = sum(expected[start:stop])
        if due > 0:
            ratios.append((sum(costs[start:stop]) / due, (stop - start) / HOURS_A_DAY))
    weights = [share * 0.5 ** (age / HALF_LIFE_DAYS) for age, (_, share) in enumerate(ratios)]
    level = sum(ratio * weight for (ratio, _), weight in zip(ratios, weights, strict=True)) / sum(weights)
    if level <= 0:
        return 0.0, GUESSED_SPREAD
    mean = sum(ratio for ratio, _ in ratios) / len(ratios)
    squares = sum((ratio / mean - 1) ** 2 for ratio, _ in ratios) if mean > 0 else 0.0
    seen = len(ratios)
    return level, math.sqrt((squares + GUESSED_DAYS * GUESSED_SPREAD**2) / (seen + GUESSED_DAYS))

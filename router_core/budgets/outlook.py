"""Where spending will stand at the end of the day and month that run, by name; and how a budget's period went so far.

Pure arithmetic on whole UTC hours; amounts are nano-dollars.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from router_core.budgets.forecast import LEARNED_FROM, ForecastBasis, forecast
from router_core.budgets.periods import period_at
from router_core.types import BudgetPeriod, NanoUSD

__all__ = ["CoursePoint", "Expected", "NameHours", "OutlookRow", "Room", "course_so_far", "outlook_row"]

_HOUR: Final = timedelta(hours=1)


class Expected(Struct, frozen=True, kw_only=True, rename="camel"):
    """Spent in the period so far and expected at its end; the interval holds the truth four times in five.

    ``limit`` is the budget that is nearest, or ``supposed`` for want of one, or None; ``exhausted_at`` is when it is
    reached, None when it is not within the period.
    """

    ends: datetime
    spent: NanoUSD
    low: NanoUSD
    expected: NanoUSD
    high: NanoUSD
    basis: ForecastBasis
    limit: NanoUSD | None
    supposed: bool
    exhausted_at: datetime | None


class OutlookRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """One name. ``unpriced`` counts requests of this month that no amount has."""

    name: str
    day: Expected
    month: Expected
    unpriced: int


class Room(Struct, frozen=True):
    """A budget: its ``limit``, and what counts as ``spent`` of it, which may be less than was spent in the period."""

    limit: NanoUSD
    spent: NanoUSD


class CoursePoint(Struct, frozen=True):
    """Spent in all by ``at``."""

    at: datetime
    spent: NanoUSD


class NameHours(Struct, frozen=True, kw_only=True):
    """What one name spent in each of the last hours, and its unpriced requests."""

    name: str
    timezone: str
    costs: Mapping[datetime, NanoUSD]
    unpriced: Mapping[datetime, int]


def outlook_row(
    hours: NameHours, now: datetime, rooms: Mapping[BudgetPeriod, Room], suppose: NanoUSD | None = None
) -> OutlookRow:
    """Return what is expected of one name; ``suppose`` is the limit of a month for which it has none."""
    month = period_at("monthly", hours.timezone, now)
    return OutlookRow(
        name=hours.name,
        day=_expected(hours, "daily", now, rooms.get("daily"), None),
        month=_expected(hours, "monthly", now, rooms.get("monthly"), suppose),
        unpriced=sum(number for hour, number in hours.unpriced.items() if hour >= month.start),
    )


def course_so_far(
    hours: Mapping[datetime, NanoUSD], starts: datetime, now: datetime, spent: NanoUSD
) -> Sequence[CoursePoint]:
    """Return what was spent by the end of each hour since ``starts``, ending in ``spent`` at ``now``.

    What a budget does not count, because it was set later, is what was spent first.
    """
    uncounted = max(0, sum(cost for hour, cost in hours.items() if hour >= starts) - spent)
    points, whole = [CoursePoint(starts, 0)], 0
    hour = starts.replace(minute=0, second=0, microsecond=0)
    while hour + _HOUR < now:
        whole += hours.get(hour, 0) if hour >= starts else 0
        points.append(CoursePoint(hour + _HOUR, min(spent, max(0, whole - uncounted))))
        hour += _HOUR
    return [*points, CoursePoint(now, spent)]


def _expected(
    hours: NameHours, period: BudgetPeriod, now: datetime, own: Room | None, suppose: NanoUSD | None
) -> Expected:
    span = period_at(period, hours.timezone, now)
    running = now.replace(minute=0, second=0, microsecond=0)
    spent = sum(cost for hour, cost in hours.costs.items() if hour >= span.start)
    room = Room(suppose, spent) if own is None and suppose is not None else own
    ahead = forecast(
        history={hour: cost for hour, cost in hours.costs.items() if running - LEARNED_FROM <= hour < running},
        now=now,
        end=span.end,
        spent=spent,
        # The path begins at what was spent, so the limit is as far from it as it is from what counts.
        limit=None if room is None else max(0, room.limit + spent - room.spent),
        zone=ZoneInfo(hours.timezone),
    )
    return Expected(
        ends=span.end, spent=spent, low=ahead.low, expected=ahead.expected, high=ahead.high, basis=ahead.basis,
        limit=None if room is None else room.limit, supposed=room is not own, exhausted_at=ahead.exhausted_at,
    )  # fmt: skip

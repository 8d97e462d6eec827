"""Spending of a range of days, by one kind of name: figures, a chart, and the same as CSV."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from console.budgets.sheets import sheet
from console.charts import DOLLAR_TICKS, Figure, chart_layout, series_colour
from router_core.cells import safe_cell
from router_core.ports import SpendHour
from router_core.types import NANO_PER_USD, NanoUSD, format_usd

__all__ = ["NAMELESS", "DaySpend", "by_day", "by_name", "spend_csv", "spend_figure"]

NAMELESS: Final = "none"


class DaySpend(Struct, frozen=True, kw_only=True):
    """What one name used on one day, or in all; ``cost`` in nano-dollars, without the ``unpriced`` requests."""

    name: str
    day: date | None = None
    requests: int = 0
    tokens: int = 0
    cost: NanoUSD = 0
    unpriced: int = 0


def by_day(hours: Iterable[SpendHour], zone: ZoneInfo) -> list[DaySpend]:
    """Return ``hours`` added up by day of ``zone`` and name, oldest first."""
    return _summed((each, each.hour.astimezone(zone).date()) for each in hours)


def by_name(hours: Iterable[SpendHour]) -> list[DaySpend]:
    """Return ``hours`` added up by name, dearest first."""
    return sorted(_summed((each, None) for each in hours), key=lambda each: (-each.cost, each.name))


def spend_figure(days: Sequence[DaySpend], first: date, last: date, places: Mapping[str, int]) -> Figure:
    """Return dollars a day, stacked by name; days without any are there too."""
    whole = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    names = sorted({each.name for each in days}, key=lambda name: places.get(name, len(places)))
    costs = {(each.name, each.day): each.cost for each in days}
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": [day.isoformat() for day in whole],
            "y": [costs.get((name, day), 0) / NANO_PER_USD for day in whole],
            "marker": {"color": series_colour(places.get(name, len(places))), "line": {"width": 0}},
            "hovertemplate": "$%{y:,.6f}",
        }
        for name in names
    ]
    layout = chart_layout()
    layout["xaxis"] |= {"tickformat": "%d %b", "hoverformat": "%a %d %b"}
    layout["yaxis"] |= DOLLAR_TICKS
    return {"data": traces, "layout": {**layout, "barmode": "stack", "bargap": 0.22}}


def spend_csv(days: Iterable[DaySpend], kind: str) -> bytes:
    """Return days and names as CSV with exact dollars, safe to open in a spreadsheet."""
    rows = (
        (each.day, safe_cell(each.name), each.requests, each.tokens, format_usd(each.cost), each.unpriced)
        for each in days
    )
    return sheet(("day", kind, "requests", "tokens", "cost_usd", "unpriced_requests"), rows)


def _summed(placed: Iterable[tuple[SpendHour, date | None]]) -> list[DaySpend]:
    sums: dict[tuple[date | None, str], list[int]] = {}
    for hour, day in placed:
        found = sums.setdefault((day, hour.name or NAMELESS), [0, 0, 0, 0])
        for place, amount in enumerate((hour.requests, hour.tokens, hour.cost, hour.unpriced)):
            found[place] += amount
    ordered = sorted(sums.items(), key=lambda item: (item[0][0] or date.min, item[0][1]))
    return [
        DaySpend(name=name, day=day, requests=requests, tokens=tokens, cost=cost, unpriced=unpriced)
        for (day, name), (requests, tokens, cost, unpriced) in ordered
    ]

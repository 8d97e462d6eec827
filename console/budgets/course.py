"""One budget's period as a chart: what was spent so far, what is expected with its interval, and the limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from console.budgets.sheets import Cell, sheet
from console.charts import DOLLAR_TICKS, Figure, chart_layout, series_colour
from console.format import THIN, moment, money
from router_core.admin.bills import BudgetCourse
from router_core.types import NANO_PER_USD, NanoUSD, format_usd

__all__ = ["course_csv", "course_figure", "course_words"]

# Behind a colour as #RRGGBB: a quarter of it.
BAND_ALPHA: Final = "40"
HOVER: Final = "$%{y:,.6f}"


def course_figure(course: BudgetCourse, zone: ZoneInfo, alarm: str) -> Figure:
    """Return the chart; ``alarm`` is the colour of the limit."""
    ahead, limit = course.ahead, course.view.limit
    times = _times([each.at for each in ahead.path], zone)
    own = series_colour(0)
    clear = {"width": 0, "color": own}
    traces: list[dict[str, Any]] = [
        _line("Spent", _times([each.at for each in course.so_far], zone), [each.spent for each in course.so_far])
        | {"line": {"width": 2.5, "color": own}}
    ]
    if ahead.basis != "none":
        traces += [
            _line("At least", times, [each.low for each in ahead.path]) | {"line": clear, "showlegend": False},
            _line("At most", times, [each.high for each in ahead.path])
            | {
                "line": clear, "fill": "tonexty", "fillcolor": own + BAND_ALPHA,
                "name": "Four times in five", "legendrank": 1_002,
            },
            _line("Expected", times, [each.expected for each in ahead.path])
            | {"line": {"width": 2, "dash": "dot", "color": own}},
        ]  # fmt: skip
    if limit is not None:
        ends = _times([course.view.starts, course.view.ends], zone)
        traces.append(_line("Limit", ends, [limit, limit]) | {"line": {"width": 1.5, "color": alarm}})
    reached = _reached(course)
    if limit is not None and reached is not None:
        traces.append(
            _line("Limit reached", _times([reached], zone), [limit])
            | {"mode": "markers", "marker": {"size": 10, "symbol": "x", "color": alarm}}
        )
    layout = chart_layout()
    layout["legend"] |= {"traceorder": "normal"}
    form = "%H:%M" if course.view.budget.period == "daily" else "%d %b"
    layout["xaxis"] |= {"tickformat": form, "hoverformat": "%d %b %H:%M"}
    layout["yaxis"] |= DOLLAR_TICKS
    return {"data": traces, "layout": layout}


def course_words(course: BudgetCourse, zone: ZoneInfo, now: datetime) -> str:
    """Return what the chart says, in words."""
    view, ahead = course.view, course.ahead
    limit = view.limit
    share = "" if view.percent is None else f" ({view.percent:.1f}{THIN}%)"
    said = [f"{money(view.spent)} spent so far" + (", no limit." if limit is None else f" of {money(limit)}{share}.")]
    if ahead.basis == "none":
        said.append("There is no past yet to expect anything from.")
    else:
        said.append(
            f"{money(ahead.expected)} is expected by {moment(view.ends, zone, now)}, "
            f"four times in five between {money(ahead.low)} and {money(ahead.high)}."
        )
    reached = _reached(course)
    if limit is not None and view.spent >= limit and reached is not None:
        said.append(f"The limit was reached by {moment(reached, zone, now)}.")
    elif reached is not None:
        said.append(f"The limit is expected to be reached {moment(reached, zone, now)}.")
    elif limit is not None and ahead.basis != "none":
        said.append("The limit is not expected to be reached.")
    return " ".join(said)


def course_csv(course: BudgetCourse) -> bytes:
    """Return the chart's points as CSV with exact dollars; times are in UTC."""
    limit = course.view.limit
    end: Cell = None if limit is None else format_usd(limit)
    rows: list[Sequence[Cell]] = [
        (each.at.isoformat(), "spent", format_usd(each.spent), None, None, end) for each in course.so_far
    ]
    if course.ahead.basis != "none":
        rows += [
            (
                each.at.isoformat(), "expected", format_usd(each.expected), format_usd(each.low),
                format_usd(each.high), end,
            )
            for each in course.ahead.path
        ]  # fmt: skip
    return sheet(("at", "what", "usd", "low_usd", "high_usd", "limit_usd"), rows)


def _reached(course: BudgetCourse) -> datetime | None:
    """Return when the limit was reached, to the hour, or is expected to be; None when it is not in this period."""
    limit = course.view.limit
    if limit is None or course.view.spent < limit:
        return course.ahead.exhausted_at
    return next((each.at for each in course.so_far if each.spent >= limit), course.ahead.exhausted_at)


def _line(name: str, times: Sequence[str], amounts: Sequence[NanoUSD]) -> dict[str, Any]:
    dollars = [each / NANO_PER_USD for each in amounts]
    return {"type": "scatter", "mode": "lines", "name": name, "x": list(times), "y": dollars, "hovertemplate": HOVER}


def _times(moments: Sequence[datetime], zone: ZoneInfo) -> list[str]:
    return [each.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") for each in moments]

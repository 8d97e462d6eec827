"""Charts as plain Plotly dicts: building them costs a tenth of figure objects, and colours come from the theme."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from router_core.types import MetricPoint, MetricRow, MetricsReport, MetricTotals

__all__ = [
    "CHART_CONFIG",
    "DOLLAR_TICKS",
    "Figure",
    "chart_layout",
    "latency_figure",
    "lively",
    "series_colour",
    "stacked_figure",
    "traffic_figure",
]

CHART_CONFIG: dict[str, Any] = {"displayModeBar": False, "responsive": True}
# Exact, however small: ticks must differ from each other.
DOLLAR_TICKS: dict[str, Any] = {"tickprefix": "$", "tickformat": ",.9~f"}
Figure = dict[str, Any]
CHART_HEIGHT_PX = 250
SHORTEST_STEPS = 15


def lively(report: MetricsReport) -> MetricsReport:
    """Return ``report`` without the empty steps before its first traffic, but at least its last 15 steps."""
    series = report.series
    first = next((place for place, point in enumerate(series) if point.totals.requests), len(series))
    left = max(0, min(first - 1, len(series) - SHORTEST_STEPS))
    rows = tuple(structs.replace(row, series=row.series[left:]) for row in report.providers)
    return structs.replace(report, series=series[left:], providers=rows)


def traffic_figure(report: MetricsReport, zone: ZoneInfo, places: Mapping[str, int]) -> Figure:
    """Return requests a step, stacked by provider; ``places`` are the providers' colours."""
    rows = [_named(row, "no provider") for row in report.providers]
    return stacked_figure(rows, zone, places, lambda totals: totals.requests, "%{y} requests")


def latency_figure(report: MetricsReport, zone: ZoneInfo, lines: Mapping[str, str]) -> Figure:
    """Return percentiles of each step in milliseconds; ``lines`` maps their names to fields of the totals."""
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": _times(report.series, zone),
            "y": [getattr(point.totals, field) for point in report.series],
            "connectgaps": False,
            "line": {"width": 2, "color": series_colour(place)},
            "marker": {"size": 3.5, "color": series_colour(place)},
            "hovertemplate": "%{y:,.0f} ms",
        }
        for place, (name, field) in enumerate(lines.items())
    ]
    return {"data": traces, "layout": chart_layout(" ms")}


def stacked_figure(
    rows: Sequence[MetricRow],
    zone: ZoneInfo,
    places: Mapping[str, int],
    value: Callable[[MetricTotals], float],
    hover: str,
) -> Figure:
    """Return ``value`` of each step, stacked by row; who has no place has the first colour behind the others."""
    traces = [
        {
            "type": "bar",
            "name": row.name,
            "x": _times(row.series, zone),
            "y": [value(point.totals) for point in row.series],
            "marker": {"color": series_colour(places.get(row.name, len(places))), "line": {"width": 0}},
            "hovertemplate": hover,
        }
        for row in rows
    ]
    return {"data": traces, "layout": {**chart_layout(), "barmode": "stack", "bargap": 0.22}}


def chart_layout(tick_suffix: str = "") -> Figure:
    """Return the layout that all charts share."""
    return {
        "height": CHART_HEIGHT_PX,
        "margin": {"l": 36, "r": 8, "t": 8, "b": 28},
        "hovermode": "x unified",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "title": {"text": ""}},
        "xaxis": {"type": "date", "tickformat": "%H:%M", "hoverformat": "%H:%M", "nticks": 7, "fixedrange": True},
        "yaxis": {
            "rangemode": "tozero",
            "fixedrange": True,
            "nticks": 5,
            "ticksuffix": tick_suffix,
            "tickformat": ",d",
            "automargin": True,
        },
    }


def series_colour(index: int) -> str:
    """Return the mark that Streamlit replaces by the theme's chart colour of that position, in light and dark."""
    return f"#00000{index % 8 + 1}"


def _named(row: MetricRow, nameless: str) -> MetricRow:
    return row if row.name else structs.replace(row, name=nameless)


def _times(series: Sequence[MetricPoint], zone: ZoneInfo) -> list[str]:
    return [point.start.astimezone(zone).strftime("%Y-%m-%dT%H:%M") for point in series]

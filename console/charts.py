"""Charts as plain Plotly dicts: building them costs a tenth of figure objects, and colours come from the theme."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from console.views import OverviewView
from router_core.metrics.collector import MinutePoint

__all__ = ["CHART_CONFIG", "Figure", "chart_layout", "latency_chart", "lively", "series_colour", "traffic_chart"]

CHART_CONFIG: dict[str, Any] = {"displayModeBar": False, "responsive": True}
Figure = dict[str, Any]
CHART_HEIGHT_PX = 250
SHORTEST_MINUTES = 15


def lively(series: Sequence[MinutePoint]) -> Sequence[MinutePoint]:
    """Return ``series`` without the empty minutes before its first traffic, but at least its last 15 minutes."""
    first = next((place for place, point in enumerate(series) if point.totals.requests), len(series))
    return series[max(0, min(first - 1, len(series) - SHORTEST_MINUTES)) :]


def traffic_chart(view: OverviewView, zone: ZoneInfo) -> Figure:
    """Return requests a minute, stacked by provider; a provider keeps its colour while others come and go."""
    overview = view.metrics
    places = {name: place for place, name in enumerate(sorted(each.name for each in view.providers))}
    shown = len(lively(overview.series))
    traces = [
        {
            "type": "bar",
            "name": _legend_name(provider.provider),
            "x": _times(provider.series[-shown:], zone),
            "y": [point.totals.requests for point in provider.series[-shown:]],
            "marker": {"color": series_colour(places.get(provider.provider, len(places))), "line": {"width": 0}},
            "hovertemplate": "%{y} requests",
        }
        for provider in overview.providers
    ]
    return {"data": traces, "layout": {**chart_layout(), "barmode": "stack", "bargap": 0.22}}


def latency_chart(view: OverviewView, zone: ZoneInfo) -> Figure:
    """Return p50 and p95 of each minute's answers, in milliseconds."""
    points = lively(view.metrics.series)
    times = _times(points, zone)
    series = (
        ("p95", [point.totals.p95_ms for point in points]),
        ("p50", [point.totals.p50_ms for point in points]),
    )
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": times,
            "y": values,
            "connectgaps": False,
            "line": {"width": 2, "color": series_colour(index)},
            "marker": {"size": 3.5, "color": series_colour(index)},
            "hovertemplate": "%{y:,.0f} ms",
        }
        for index, (name, values) in enumerate(series)
    ]
    return {"data": traces, "layout": chart_layout(" ms")}


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


def _times(series: Sequence[MinutePoint], zone: ZoneInfo) -> list[str]:
    return [point.start.astimezone(zone).strftime("%Y-%m-%dT%H:%M") for point in series]


def series_colour(index: int) -> str:
    """Return the mark that Streamlit replaces by the theme's chart colour of that position, in light and dark."""
    return f"#00000{index % 8 + 1}"


def _legend_name(provider: str) -> str:
    return "no provider" if provider == "unserved" else provider

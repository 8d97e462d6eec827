"""The series of the Live screen as plain Plotly dicts."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from console.charts import Figure, chart_layout, series_colour
from router_core.types import NANO_PER_USD, MetricPoint, MetricsReport, MetricTotals

__all__ = ["cost_figure", "errors_figure", "latency_figure", "tokens_figure", "traffic_figure"]

Value = Callable[[MetricTotals], float | None]


def traffic_figure(report: MetricsReport, zone: ZoneInfo) -> Figure:
    """Return requests a step, stacked by provider."""
    traces = [
        {
            "type": "bar",
            "name": row.name or "no provider",
            "x": _times(row.series, zone),
            "y": [point.totals.requests for point in row.series],
            "marker": {"color": series_colour(place), "line": {"width": 0}},
            "hovertemplate": "%{y} requests",
        }
        for place, row in enumerate(report.providers)
    ]
    return {"data": traces, "layout": {**chart_layout(), "barmode": "stack", "bargap": 0.22}}


def latency_figure(report: MetricsReport, zone: ZoneInfo) -> Figure:
    """Return p99, p95 and p50 of whole answers, and p95 of first tokens, in milliseconds."""
    values: tuple[tuple[str, Value], ...] = (
        ("p99", lambda each: each.p99_ms),
        ("p95", lambda each: each.p95_ms),
        ("p50", lambda each: each.p50_ms),
        ("first token p95", lambda each: each.first_token_p95_ms),
    )
    lines = [_line(report.series, zone, name, value, place) for place, (name, value) in enumerate(values)]
    return {"data": lines, "layout": chart_layout(" ms")}


def errors_figure(report: MetricsReport, zone: ZoneInfo) -> Figure:
    """Return failed requests a step, stacked by error code."""
    codes = sorted(report.totals.errors_by_code)
    traces = [
        {
            "type": "bar",
            "name": code,
            "x": _times(report.series, zone),
            "y": [point.totals.errors_by_code.get(code, 0) for point in report.series],
            "marker": {"color": series_colour(place), "line": {"width": 0}},
            "hovertemplate": "%{y} failed",
        }
        for place, code in enumerate(codes)
    ]
    return {"data": traces, "layout": {**chart_layout(), "barmode": "stack", "bargap": 0.22}}


def cost_figure(report: MetricsReport, zone: ZoneInfo) -> Figure:
    """Return dollars a step, stacked by model."""
    traces = [
        {
            "type": "bar",
            "name": row.name or "no model",
            "x": _times(row.series, zone),
            "y": [point.totals.cost / NANO_PER_USD for point in row.series],
            "marker": {"color": series_colour(place), "line": {"width": 0}},
            "hovertemplate": "$%{y:.6f}",
        }
        for place, row in enumerate(report.models)
    ]
    layout = chart_layout()
    axis = {**layout["yaxis"], "tickprefix": "$", "tickformat": ".3~f"}
    return {"data": traces, "layout": {**layout, "barmode": "stack", "bargap": 0.22, "yaxis": axis}}


def tokens_figure(report: MetricsReport, zone: ZoneInfo) -> Figure:
    """Return tokens read and written a step, stacked by model."""
    traces = [
        {
            "type": "bar",
            "name": row.name or "no model",
            "x": _times(row.series, zone),
            "y": [point.totals.tokens for point in row.series],
            "marker": {"color": series_colour(place), "line": {"width": 0}},
            "hovertemplate": "%{y:,d} tokens",
        }
        for place, row in enumerate(report.models)
    ]
    return {"data": traces, "layout": {**chart_layout(), "barmode": "stack", "bargap": 0.22}}


def _line(series: Sequence[MetricPoint], zone: ZoneInfo, name: str, value: Value, place: int) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": _times(series, zone),
        "y": [value(point.totals) for point in series],
        "connectgaps": False,
        "line": {"width": 2, "color": series_colour(place)},
        "marker": {"size": 3.5, "color": series_colour(place)},
        "hovertemplate": "%{y:,.0f} ms",
    }


def _times(series: Sequence[MetricPoint], zone: ZoneInfo) -> list[str]:
    return [point.start.astimezone(zone).strftime("%Y-%m-%dT%H:%M") for point in series]

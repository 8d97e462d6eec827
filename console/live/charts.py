"""The charts of the Live screen: what each shows, and what one of its marks leads to in the audit log."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import structs

from console.charts import DOLLAR_TICKS, Figure, latency_figure, stacked_figure, traffic_figure
from console.series_places import places_of
from router_core.types import NANO_PER_USD, MetricPoint, MetricRow, MetricsReport, MetricTotals

__all__ = ["COST", "ERRORS", "LATENCY", "NAMELESS", "TOKENS", "TRAFFIC", "LiveChart"]

NAMELESS: Final = "none"
LINES: Final[Mapping[str, str]] = {
    "p99": "p99_ms", "p95": "p95_ms", "p50": "p50_ms", "first token p95": "first_token_p95_ms",
}  # fmt: skip
RANGE: Final = {"dragmode": "select", "selectdirection": "h"}
ROWS: Final = {"dragmode": False, "clickmode": "event+select"}


class LiveChart(NamedTuple):
    """A chart. On some a drag sets the range, on others a click leads to the audit log: Streamlit allows only one.

    ``field`` is what the names of the series of the latter are there, ``status`` narrows it.
    """

    key: str
    title: str
    build: Callable[[MetricsReport, ZoneInfo], Figure]
    picks: Literal["range", "rows"]
    field: str | None = None
    status: str | None = None

    def figure(self, report: MetricsReport, zone: ZoneInfo) -> Figure:
        """Return the figure."""
        drawn = self.build(report, zone)
        return {**drawn, "layout": {**drawn["layout"], **(RANGE if self.picks == "range" else ROWS)}}


def _traffic(report: MetricsReport, zone: ZoneInfo) -> Figure:
    rows = _nameless(report.providers)
    return traffic_figure(structs.replace(report, providers=rows), zone, _places("provider", rows))


def _latency(report: MetricsReport, zone: ZoneInfo) -> Figure:
    return latency_figure(report, zone, LINES)


def _errors(report: MetricsReport, zone: ZoneInfo) -> Figure:
    codes = sorted(report.totals.errors_by_code)
    rows = [MetricRow(code, report.totals, tuple(_failed(point, code) for point in report.series)) for code in codes]
    return stacked_figure(rows, zone, places_of("error", codes), lambda totals: totals.errors, "%{y} failed")


def _failed(point: MetricPoint, code: str) -> MetricPoint:
    return MetricPoint(point.start, MetricTotals(errors=point.totals.errors_by_code.get(code, 0)))


def _cost(report: MetricsReport, zone: ZoneInfo) -> Figure:
    rows = _nameless(report.models)
    drawn = stacked_figure(rows, zone, _places("model", rows), lambda totals: totals.cost / NANO_PER_USD, "$%{y:.6f}")
    axis = {**drawn["layout"]["yaxis"], **DOLLAR_TICKS}
    return {**drawn, "layout": {**drawn["layout"], "yaxis": axis}}


def _tokens(report: MetricsReport, zone: ZoneInfo) -> Figure:
    rows = _nameless(report.models)
    return stacked_figure(rows, zone, _places("model", rows), lambda totals: totals.tokens, "%{y:,d} tokens")


def _nameless(rows: tuple[MetricRow, ...]) -> tuple[MetricRow, ...]:
    return tuple(row if row.name else structs.replace(row, name=NAMELESS) for row in rows)


def _places(kind: str, rows: tuple[MetricRow, ...]) -> Mapping[str, int]:
    return places_of(kind, (row.name for row in rows))


TRAFFIC: Final = LiveChart("traffic", "Requests by provider", _traffic, "range")
LATENCY: Final = LiveChart("latency", "Latency", _latency, "range")
ERRORS: Final = LiveChart("errors", "Errors by code", _errors, "rows", None, "error")
COST: Final = LiveChart("cost", "Cost by model", _cost, "rows", "model")
TOKENS: Final = LiveChart("tokens", "Tokens by model", _tokens, "rows", "model")

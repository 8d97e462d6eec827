"""The Overview's figures, out of those of all processes."""

from router_core.metrics.collector import MinutePoint, Overview, ProviderOverview
from router_core.metrics.minute import Totals
from router_core.types import MetricPoint, MetricsReport, MetricTotals, NanoUSD

__all__ = ["overview_of"]

UNSERVED = "unserved"


def overview_of(report: MetricsReport, spent_today: NanoUSD) -> Overview:
    """Return ``report`` as the Overview shows it; its steps must be minutes."""
    return Overview(
        window_minutes=len(report.series),
        as_of=report.as_of,
        totals=_totals(report.totals),
        previous=_totals(report.previous),
        series=_points(report.series),
        providers=tuple(
            ProviderOverview(row.name or UNSERVED, _totals(row.totals), _points(row.series)) for row in report.providers
        ),
        spent_today=spent_today,
    )


def _points(series: tuple[MetricPoint, ...]) -> tuple[MinutePoint, ...]:
    return tuple(MinutePoint(point.start, _totals(point.totals)) for point in series)


def _totals(found: MetricTotals) -> Totals:
    return Totals(
        requests=found.requests,
        errors=found.errors + found.unknown,
        cancelled=found.cancelled,
        tokens=found.tokens,
        cost=found.cost,
        mean_ms=found.mean_ms,
        p50_ms=found.p50_ms,
        p95_ms=found.p95_ms,
        p99_ms=found.p99_ms,
        first_token_p50_ms=found.first_token_p50_ms,
        first_token_p95_ms=found.first_token_p95_ms,
    )

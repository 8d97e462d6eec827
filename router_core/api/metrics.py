"""``/api/llm/metrics`` and ``/api/llm/metrics/reset``: figures as the original system formats them, and raw."""

from datetime import datetime
from typing import Any, Final, get_args

from msgspec import Struct

from router_core.api.call import Call
from router_core.api.documents import read_nothing, read_query
from router_core.errors import ValidationError
from router_core.types import NANO_PER_USD, MetricsWindow, MetricTotals, NanoUSD

__all__ = ["MetricsAnswer", "ResetAnswer", "describe_parameters", "report_metrics", "reset_metrics"]

UNSERVED: Final = "unserved"
_WINDOWS: Final[dict[str, MetricsWindow]] = {window: window for window in get_args(MetricsWindow)}


class _Row(Struct, frozen=True, rename="camel"):
    provider: str
    requests: int
    success_rate: str
    avg_latency: str
    total_tokens: str
    total_cost: str
    avg_cost: str
    errors: int


class _Aggregated(Struct, frozen=True, rename="camel"):
    total_requests: int
    success_rate: str
    avg_latency: str
    total_cost: str


class _Raw(Struct, frozen=True, rename="camel"):
    """Unrounded figures; cost in nano-dollars, latencies in milliseconds."""

    aggregated: MetricTotals
    providers: dict[str, MetricTotals]


class MetricsAnswer(Struct, frozen=True, rename="camel"):
    """What requests came to, by provider and in all, since the last reset or over ``window``."""

    success: bool
    metrics: list[_Row]
    aggregated: _Aggregated
    raw: _Raw
    uptime: str
    timestamp: datetime
    as_of: datetime
    since: datetime
    window: MetricsWindow | None = None


class ResetAnswer(Struct, frozen=True):
    """The metrics were reset at ``timestamp``."""

    success: bool
    message: str
    timestamp: datetime


async def report_metrics(call: Call) -> None:
    """Answer with the figures since the last reset, or over ``?window=``."""
    asked = read_query(call, {"window": ""})["window"]
    window = _WINDOWS.get(asked)
    if asked and window is None:
        raise ValidationError(f"window must be one of {', '.join(_WINDOWS)}", field="window")
    live = call.deps.metrics
    if window is None:
        found = await live.since_reset()
        totals, since, as_of = found.totals, found.since, found.as_of
        providers = {name or UNSERVED: each for name, each in found.providers.items()}
    else:
        report = await live.report(window)
        totals, since, as_of = report.totals, report.since, report.as_of
        providers = {row.name or UNSERVED: row.totals for row in report.providers}
    now = call.deps.clock.utcnow()
    await call.answer(
        MetricsAnswer(
            success=True,
            metrics=[_row(name, each) for name, each in providers.items()],
            aggregated=_Aggregated(totals.requests, _rate(totals), _latency(totals), _dollars(totals.cost)),
            raw=_Raw(totals, providers),
            uptime=_duration((now - call.deps.started).total_seconds()),
            timestamp=now,
            as_of=as_of,
            since=since,
            window=window,
        )
    )


async def reset_metrics(call: Call) -> None:
    """Begin to count anew; ledger and audit log stay as they are."""
    await read_nothing(call)
    at = await call.deps.operations.reset_metrics(call.principal)
    await call.answer(ResetAnswer(success=True, message="Metrics reset successfully", timestamp=at))


def _row(name: str, totals: MetricTotals) -> _Row:
    average = totals.cost / NANO_PER_USD / totals.requests if totals.requests else 0.0
    return _Row(
        provider=name,
        requests=totals.requests,
        success_rate=_rate(totals),
        avg_latency=_latency(totals),
        total_tokens=f"{totals.tokens:,}",
        total_cost=_dollars(totals.cost),
        avg_cost=f"${average:.6f}",
        errors=totals.errors,
    )


def _rate(totals: MetricTotals) -> str:
    rate = totals.success_rate
    return "0.00%" if rate is None else f"{rate:.2f}%"


def _latency(totals: MetricTotals) -> str:
    return f"{round(totals.mean_ms or 0)}ms"


def _dollars(nano: NanoUSD) -> str:
    return f"${nano / NANO_PER_USD:,.2f}"


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 1440}d {minutes // 60 % 24}h {minutes % 60}m"


def describe_parameters() -> list[dict[str, Any]]:
    """Return the query parameters of the report, for the API's description."""
    schema = {"type": "string", "enum": ["", *_WINDOWS], "description": "Empty or left out: since the last reset"}
    return [{"name": "window", "in": "query", "required": False, "schema": schema}]

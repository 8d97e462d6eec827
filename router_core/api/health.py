"""Is it alive, is it ready, and how are the providers: none of these calls anyone."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.errors import sanitize_message
from router_core.ports import ProviderHealth

__all__ = ["HealthAnswer", "Life", "Readiness", "report_health", "report_life", "report_readiness"]

MAX_ERROR_CHARS = 120


class Life(Struct, frozen=True):
    """The process can answer."""

    alive: bool


class Readiness(Struct, frozen=True):
    """Whether the process should get traffic."""

    ready: bool


class HealthRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """A provider as it was last known: ``latency`` such as `150ms`, ``last_check`` as an instant in UTC.

    Both are null while nothing is known of it.
    """

    provider: str
    healthy: bool
    latency: str | None
    last_check: str | None
    error: str | None
    breaker: str


class HealthStats(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many providers there are, and how many of them are healthy, in numbers and as a share such as `100.0%`."""

    total: int
    healthy: int
    unhealthy: int
    health_percentage: str


class HealthAnswer(Struct, frozen=True, kw_only=True):
    """Every active provider; ``healthy`` says that all are, and that there is one."""

    healthy: bool
    providers: list[HealthRow]
    stats: HealthStats
    timestamp: str


async def report_life(call: Call) -> None:
    """Answer 200 as long as the process can answer at all."""
    await call.answer_bytes(b'{"alive":true}')


async def report_readiness(call: Call) -> None:
    """Answer 200 when the process should get traffic, else 503."""
    ready = call.deps.ready()
    wait = () if ready else ((b"retry-after", b"1"),)
    await call.answer_bytes(b'{"ready":true}' if ready else b'{"ready":false}', 200 if ready else 503, wait)


async def report_health(call: Call) -> None:
    """Answer with the last known state of every active provider: 200 when all are healthy, else 503.

    A provider of which nothing is known yet counts as healthy: requests are sent to it, and its ``lastCheck`` and
    ``latency`` are null, which says so. Without any provider nothing can be served, so that is not healthy.
    Raises :class:`ValidationError` for any parameter: there is nothing to choose.
    """
    read_query(call, {})
    report = _report(call.deps.health.board(), call.deps.clock.utcnow())
    await call.answer(report, 200 if report.healthy else 503)


def _report(board: Sequence[ProviderHealth], now: datetime) -> HealthAnswer:
    rows = [_row(provider) for provider in board]
    total, healthy = len(rows), sum(row.healthy for row in rows)
    share = 100 * healthy / total if total else 0.0
    return HealthAnswer(
        healthy=total > 0 and healthy == total,
        providers=rows,
        stats=HealthStats(total=total, healthy=healthy, unhealthy=total - healthy, health_percentage=f"{share:.1f}%"),
        timestamp=_instant(now),
    )


def _row(provider: ProviderHealth) -> HealthRow:
    return HealthRow(
        provider=provider.provider,
        healthy=provider.healthy is not False,
        latency=None if provider.latency_ms is None else f"{provider.latency_ms:.0f}ms",
        last_check=None if provider.last_check is None else _instant(provider.last_check),
        error=None if provider.error is None else sanitize_message(provider.error)[:MAX_ERROR_CHARS],
        breaker=provider.breaker,
    )


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

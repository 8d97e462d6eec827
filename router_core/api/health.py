"""Is it alive, is it ready, and how are the providers: none of these calls anyone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.errors import sanitize_message
from router_core.ports import ProviderHealth

__all__ = ["report_health", "report_life", "report_readiness"]

MAX_ERROR_CHARS = 120


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
    document = _document(call.deps.health.board(), call.deps.clock.utcnow())
    healthy = bool(document["healthy"])
    await call.answer(document, 200 if healthy else 503)


def _document(board: Sequence[ProviderHealth], now: datetime) -> dict[str, Any]:
    rows = [_row(provider) for provider in board]
    total, healthy = len(rows), sum(row["healthy"] for row in rows)
    share = 100 * healthy / total if total else 0.0
    return {
        "healthy": total > 0 and healthy == total,
        "providers": rows,
        "stats": {
            "total": total,
            "healthy": healthy,
            "unhealthy": total - healthy,
            "healthPercentage": f"{share:.1f}%",
        },
        "timestamp": _instant(now),
    }


def _row(provider: ProviderHealth) -> dict[str, Any]:
    return {
        "provider": provider.provider,
        "healthy": provider.healthy is not False,
        "latency": None if provider.latency_ms is None else f"{provider.latency_ms:.0f}ms",
        "lastCheck": None if provider.last_check is None else _instant(provider.last_check),
        "error": None if provider.error is None else sanitize_message(provider.error)[:MAX_ERROR_CHARS],
        "breaker": provider.breaker,
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

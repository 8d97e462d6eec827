"""What users felt of one drill."""

from router_core.clock import Clock
from router_core.types import Drill, DrillReport, RequestEvent

__all__ = ["Felt"]

LATENCIES_KEPT = 2_000


class Felt:
    """Counts the spoilt calls, and the requests that had one. Of many latencies a fair sample is kept."""

    __slots__ = ("_cancelled", "_clock", "_errors", "_latencies", "_rescued", "hit_calls")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rescued = 0
        self._cancelled = 0
        self._errors: dict[str, int] = {}
        self._latencies: list[float] = []
        self.hit_calls = 0

    def count(self, event: RequestEvent) -> None:
        """Count a request of which at least one call was spoilt."""
        if event.status == "success":
            self._rescued += 1
            self._keep(event.latency_ms)
        elif event.status == "cancelled":
            self._cancelled += 1
        else:
            code = event.error_code or "INTERNAL_ERROR"
            self._errors[code] = self._errors.get(code, 0) + 1

    def report(self, drill: Drill) -> DrillReport:
        """Return the figures so far; may be called from another thread."""
        errors, latencies = dict(self._errors), sorted(self._latencies)
        failed, rescued, cancelled = sum(errors.values()), self._rescued, self._cancelled
        return DrillReport(
            drill=drill,
            active=drill.stopped_at is None,
            hit_calls=self.hit_calls,
            requests=rescued + failed + cancelled,
            rescued=rescued,
            failed=failed,
            cancelled=cancelled,
            errors=errors,
            p50_ms=_quantile(latencies, 50),
            p95_ms=_quantile(latencies, 95),
        )

    def _keep(self, latency_ms: float) -> None:
        """Keep every latency with the same probability (Vitter's algorithm R)."""
        if len(self._latencies) < LATENCIES_KEPT:
            self._latencies.append(latency_ms)
            return
        place = int(self._clock.random() * self._rescued)
        if place < LATENCIES_KEPT:
            self._latencies[place] = latency_ms


def _quantile(ordered: list[float], percent: int) -> float | None:
    """Return the nearest-rank percentile."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None

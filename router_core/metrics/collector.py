"""What this process counted since it started, by provider: the original system's collector, for embedded use."""

from datetime import datetime

from msgspec import Struct

from router_core.clock import Clock
from router_core.metrics.measures import Measures
from router_core.types import NANO_PER_USD, RequestEvent, parse_usd

__all__ = ["UNSERVED", "DetailedMetrics", "MetricsCollector"]

# Stands where a provider would stand, for requests that none served.
UNSERVED = "unserved"


class DetailedMetrics(Struct, frozen=True, kw_only=True):
    """The original system's figures for one provider, or for ``"all"``. Cost in dollars, rate in percent."""

    provider: str
    request_count: int
    success_count: int
    failure_count: int
    total_tokens: int
    total_cost: float
    avg_latency_ms: float
    success_rate: float
    avg_tokens_per_request: float
    avg_cost_per_request: float
    last_updated: datetime


class MetricsCollector:
    """Counts finished requests; a :class:`Recorder`. It belongs to one event loop; others may read it too."""

    __slots__ = ("_clock", "_providers")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._providers: dict[str, Measures] = {}

    def record(self, event: RequestEvent) -> None:
        """Count ``event``."""
        self._of(event.provider).add(event)

    def record_success(self, provider: str, latency_ms: float, tokens: int, cost_usd: float) -> None:
        """Count a success, in the original system's terms: tokens of no class in particular."""
        self._of(provider).add_success(latency_ms, tokens, parse_usd(repr(cost_usd)))

    def record_failure(self, provider: str, latency_ms: float, error: BaseException) -> None:  # noqa: ARG002 - the original's signature
        """Count a failure, in the original system's terms."""
        self._of(provider).add_failure(type(error).__name__)

    def get_all_detailed_metrics(self) -> list[DetailedMetrics]:
        """Return the figures of every provider since the process started."""
        now = self._clock.utcnow()
        return [_detailed(name, measures, now) for name, measures in sorted(self._providers.copy().items())]

    def get_aggregated_metrics(self) -> DetailedMetrics:
        """Return the figures of all providers together since the process started."""
        merged = Measures()
        for measures in self._providers.copy().values():
            merged.merge_counts(measures.counts)
        return _detailed("all", merged, self._clock.utcnow())

    def _of(self, provider: str | None) -> Measures:
        return self._providers.setdefault(provider or UNSERVED, Measures())


def _detailed(provider: str, measures: Measures, now: datetime) -> DetailedMetrics:
    counted = Measures()
    counted.merge_counts(measures.counts)
    totals = counted.totals()
    cost = totals.cost / NANO_PER_USD
    return DetailedMetrics(
        provider=provider,
        request_count=totals.requests,
        success_count=totals.successes,
        failure_count=totals.errors,
        total_tokens=totals.tokens,
        total_cost=cost,
        avg_latency_ms=totals.mean_ms or 0.0,
        success_rate=totals.success_rate or 0.0,
        avg_tokens_per_request=totals.tokens / totals.requests if totals.requests else 0.0,
        avg_cost_per_request=cost / totals.requests if totals.requests else 0.0,
        last_updated=now,
    )

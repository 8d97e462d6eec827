"""Figures over windows, right over any number of processes."""

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct, field

from router_core.types.events import RequestEvent
from router_core.types.money import NanoUSD

__all__ = ["EVERYTHING", "MetricPoint", "MetricRow", "MetricTotals", "MetricsFilter", "MetricsReport", "MetricsWindow"]

MetricsWindow = Literal["5m", "15m", "1h", "6h", "24h", "7d"]


class MetricTotals(Struct, frozen=True, kw_only=True, rename="camel"):
    """What requests came to. Percentiles in milliseconds, None without samples; cost in nano-dollars.

    Only successes enter latencies. ``unpriced`` counts requests whose cost is not known, ``retries`` repeats of the
    same provider, ``failovers`` calls to another one, ``errors_by_code`` the failed requests by error code.
    """

    requests: int = 0
    successes: int = 0
    errors: int = 0
    cancelled: int = 0
    unknown: int = 0
    cached: int = 0
    streamed: int = 0
    retries: int = 0
    failovers: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: NanoUSD = 0
    unpriced: int = 0
    mean_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None
    first_token_p99_ms: float | None = None
    errors_by_code: dict[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Everything read and written."""
        read = self.input_tokens + self.cache_read_tokens + self.cache_write_tokens + self.cache_write_1h_tokens
        return read + self.output_tokens + self.reasoning_tokens

    @property
    def success_rate(self) -> float | None:
        """The percentage of judged requests that succeeded, None without any; cancelled ones are not judged."""
        judged = self.successes + self.errors
        return None if judged == 0 else 100 * self.successes / judged


class MetricsFilter(Struct, frozen=True, kw_only=True):
    """A choice of what is counted; None means all, ``""`` requests that were not served."""

    provider: str | None = None
    model: str | None = None
    use_case: str | None = None

    def takes(self, event: RequestEvent) -> bool:
        """Return whether ``event`` is counted."""
        told = ((self.provider, event.provider), (self.model, event.model), (self.use_case, event.use_case))
        return all(wanted is None or wanted == (found or "") for wanted, found in told)


EVERYTHING: Final = MetricsFilter()


class MetricPoint(Struct, frozen=True, rename="camel"):
    """One step of a series; ``start`` is its first second in UTC."""

    start: datetime
    totals: MetricTotals


class MetricRow(Struct, frozen=True, rename="camel"):
    """One provider, model or use case over the window; ``name`` is ``""`` for unserved requests."""

    name: str
    totals: MetricTotals
    series: tuple[MetricPoint, ...] = ()


class MetricsReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything over a window. The series have every step, oldest first, the one under way included.

    ``since`` is where the window begins, ``previous`` the window before it. The answering process is included to the
    moment, others as of ``as_of`` less 5 seconds at most.
    """

    step_s: int
    since: datetime
    as_of: datetime
    totals: MetricTotals
    previous: MetricTotals
    series: tuple[MetricPoint, ...]
    providers: tuple[MetricRow, ...]
    models: tuple[MetricRow, ...]
    use_cases: tuple[MetricRow, ...]
    in_flight: int
    streams: int

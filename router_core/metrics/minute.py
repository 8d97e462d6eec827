"""One minute of one provider: counts, sums and mergeable latency sketches."""

from collections.abc import Iterable

from ddsketch import LogCollapsingLowestDenseDDSketch
from msgspec import Struct

from router_core.types import NanoUSD

__all__ = ["Minute", "Sample", "Totals"]

RELATIVE_ACCURACY = 0.01
MAX_BINS = 512


class Sample(Struct, frozen=True, kw_only=True):
    """One finished request. Times in milliseconds, cost in nano-dollars."""

    outcome: str
    latency_ms: float
    first_token_ms: float | None
    tokens: int
    cost: NanoUSD


class Totals(Struct, frozen=True, kw_only=True):
    """What a window held. Percentiles in milliseconds, None without samples; ``success_rate`` in percent.

    Cancelled requests are neither successes nor errors, so they do not weigh on ``success_rate``.
    """

    requests: int = 0
    errors: int = 0
    cancelled: int = 0
    tokens: int = 0
    cost: NanoUSD = 0
    mean_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None

    @property
    def success_rate(self) -> float | None:
        """Return the percentage of judged requests that succeeded, None when there were none."""
        judged = self.requests - self.cancelled
        return None if judged <= 0 else 100 * (judged - self.errors) / judged


class Minute(Struct):
    """A mutable bucket; merging buckets keeps percentiles right. ``latency_sum`` in milliseconds."""

    requests: int = 0
    errors: int = 0
    cancelled: int = 0
    tokens: int = 0
    cost: NanoUSD = 0
    latency_sum: float = 0.0
    latency: LogCollapsingLowestDenseDDSketch | None = None
    first_token: LogCollapsingLowestDenseDDSketch | None = None

    def add(self, sample: Sample) -> None:
        """Count ``sample``; only successes enter the latency figures."""
        self.requests += 1
        self.tokens += sample.tokens
        self.cost += sample.cost
        if sample.outcome == "cancelled":
            self.cancelled += 1
        elif sample.outcome != "success":
            self.errors += 1
        else:
            self.latency_sum += sample.latency_ms
            self.latency = _added(self.latency, sample.latency_ms)
            if sample.first_token_ms is not None:
                self.first_token = _added(self.first_token, sample.first_token_ms)

    def merge(self, others: Iterable["Minute"]) -> "Minute":
        """Add ``others`` to this bucket and return it."""
        for other in others:
            self.requests += other.requests
            self.errors += other.errors
            self.cancelled += other.cancelled
            self.tokens += other.tokens
            self.cost += other.cost
            self.latency_sum += other.latency_sum
            self.latency = _merged(self.latency, other.latency)
            self.first_token = _merged(self.first_token, other.first_token)
        return self

    def totals(self) -> Totals:
        """Return the bucket's figures."""
        judged = self.requests - self.errors - self.cancelled
        return Totals(
            requests=self.requests,
            errors=self.errors,
            cancelled=self.cancelled,
            tokens=self.tokens,
            cost=self.cost,
            mean_ms=self.latency_sum / judged if judged else None,
            p50_ms=_quantile(self.latency, 0.5),
            p95_ms=_quantile(self.latency, 0.95),
            p99_ms=_quantile(self.latency, 0.99),
            first_token_p50_ms=_quantile(self.first_token, 0.5),
            first_token_p95_ms=_quantile(self.first_token, 0.95),
        )


def _sketch() -> LogCollapsingLowestDenseDDSketch:
    return LogCollapsingLowestDenseDDSketch(relative_accuracy=RELATIVE_ACCURACY, bin_limit=MAX_BINS)


def _added(sketch: LogCollapsingLowestDenseDDSketch | None, value: float) -> LogCollapsingLowestDenseDDSketch:
    sketch = sketch or _sketch()
    sketch.add(max(value, 0.0))
    return sketch


def _merged(
    mine: LogCollapsingLowestDenseDDSketch | None, theirs: LogCollapsingLowestDenseDDSketch | None
) -> LogCollapsingLowestDenseDDSketch | None:
    if theirs is None:
        return mine
    mine = mine or _sketch()
    mine.merge(theirs)
    return mine


def _quantile(sketch: LogCollapsingLowestDenseDDSketch | None, quantile: float) -> float | None:
    if sketch is None:
        return None
    value: float | None = sketch.get_quantile_value(quantile)
    return value

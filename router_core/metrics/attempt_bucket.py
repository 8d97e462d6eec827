"""What the calls to one provider came to, over a span of time."""

from router_core.metrics.latency_bins import LatencyBins, add_bins, quantiles, take_bins
from router_core.types import AttemptTotals

__all__ = ["AttemptBucket"]

_SHARES = (0.5, 0.95, 0.99)
_P95 = (0.95,)


class AttemptBucket:
    """Counts and latency bins; written by one thread, copied by any."""

    __slots__ = ("calls", "errors", "failures", "first_token", "latency")

    def __init__(self) -> None:
        self.calls = 0
        self.failures = 0
        self.errors: dict[str, int] = {}
        self.latency: LatencyBins = {}
        self.first_token: LatencyBins = {}

    def add(self, other: "AttemptBucket") -> None:
        """Add ``other``."""
        self.calls += other.calls
        self.failures += other.failures
        # A copy is made in one step, so the writer's thread cannot change it while it is read.
        for code, count in other.errors.copy().items():
            self.errors[code] = self.errors.get(code, 0) + count
        add_bins(self.latency, other.latency.copy())
        add_bins(self.first_token, other.first_token.copy())

    def take(self, other: "AttemptBucket") -> None:
        """Take ``other``, which was added before, out again."""
        self.calls = max(0, self.calls - other.calls)
        self.failures = max(0, self.failures - other.failures)
        for code, count in other.errors.items():
            left = self.errors.get(code, 0) - count
            if left > 0:
                self.errors[code] = left
            else:
                self.errors.pop(code, None)
        take_bins(self.latency, other.latency)
        take_bins(self.first_token, other.first_token)

    def p95_ms(self) -> float | None:
        """Return the 95th percentile of the successes' latency."""
        return quantiles(self.latency, _P95)[0]

    def totals(self) -> AttemptTotals:
        """Return the figures."""
        p50, p95, p99 = quantiles(self.latency, _SHARES)
        first_p50, first_p95, first_p99 = quantiles(self.first_token, _SHARES)
        return AttemptTotals(
            calls=self.calls,
            failures=self.failures,
            errors=dict(sorted(self.errors.items())),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            first_token_p50_ms=first_p50,
            first_token_p95_ms=first_p95,
            first_token_p99_ms=first_p99,
        )

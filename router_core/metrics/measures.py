"""What requests came to: counts, tokens, money and mergeable latency bins, and their form in the store."""

from collections.abc import Sequence
from typing import Final

import msgspec

from router_core.metrics.latency_bins import LatencyBins, add_bins, bin_of, quantiles, take_bins
from router_core.types import MetricTotals, NanoUSD, RequestEvent

__all__ = ["COUNTS", "Measures"]

# In the order of MetricTotals and of the columns; ``latency_us`` is the sum of the successes' latencies.
COUNTS: Final = (
    "requests", "successes", "errors", "cancelled", "unknown", "cached", "streamed", "retries", "failovers",
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "cost", "unpriced", "latency_us",
)  # fmt: skip
_SHARES: Final = (0.5, 0.95, 0.99)
_PACK: Final = msgspec.msgpack.Encoder().encode
_BINS: Final = msgspec.msgpack.Decoder(dict[int, int])
_CODES: Final = msgspec.msgpack.Decoder(dict[str, int])
_PLACE: Final = {name: place for place, name in enumerate(COUNTS)}
_STATUS: Final = {
    name: _PLACE[f]
    for name, f in {"success": "successes", "error": "errors", "cancelled": "cancelled", "unknown": "unknown"}.items()
}


class Measures:
    """A mutable sum; merging sums keeps percentiles right. ``counts`` stand in the order of :data:`COUNTS`."""

    __slots__ = ("counts", "errors_by_code", "first_token", "latency")

    def __init__(self) -> None:
        self.counts = [0] * len(COUNTS)
        self.errors_by_code: dict[str, int] = {}
        self.latency: LatencyBins = {}
        self.first_token: LatencyBins = {}

    def add(self, event: RequestEvent) -> None:
        """Count ``event``; only successes enter the latency figures."""
        counts, usage = self.counts, event.usage
        reasons = [attempt.reason for attempt in event.decision.attempts]
        counts[0] += 1
        counts[_STATUS[event.status]] += 1
        counts[5] += event.cached
        counts[6] += event.streamed
        counts[7] += reasons.count("repeat")
        counts[8] += reasons.count("failover")
        counts[9] += usage.fresh_tokens
        counts[10] += usage.cache_read_tokens
        counts[11] += usage.cache_write_tokens
        counts[12] += usage.cache_write_1h_tokens
        counts[13] += usage.output_tokens
        counts[14] += usage.reasoning_tokens
        counts[15] += event.cost or 0
        counts[16] += event.cost is None
        if event.status == "success":
            counts[17] += round(event.latency_ms * 1000)
            _count(self.latency, event.latency_ms)
            if event.first_token_ms is not None:
                _count(self.first_token, event.first_token_ms)
        elif event.error_code is not None and event.status != "cancelled":
            self.errors_by_code[event.error_code] = self.errors_by_code.get(event.error_code, 0) + 1

    def add_success(self, latency_ms: float, tokens: int, cost: NanoUSD) -> None:
        """Count a success of which no more is known; its tokens count as read."""
        self.counts[_PLACE["requests"]] += 1
        self.counts[_PLACE["successes"]] += 1
        self.counts[_PLACE["input_tokens"]] += tokens
        self.counts[_PLACE["cost"]] += cost
        self.counts[_PLACE["latency_us"]] += round(latency_ms * 1000)
        _count(self.latency, latency_ms)

    def add_failure(self, code: str) -> None:
        """Count a failure of which no more is known."""
        self.counts[_PLACE["requests"]] += 1
        self.counts[_PLACE["errors"]] += 1
        self.errors_by_code[code] = self.errors_by_code.get(code, 0) + 1

    def merge(self, other: "Measures") -> "Measures":
        """Add ``other`` to this sum and return it."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        for code, count in other.errors_by_code.items():
            self.errors_by_code[code] = self.errors_by_code.get(code, 0) + count
        add_bins(self.latency, other.latency)
        add_bins(self.first_token, other.first_token)
        return self

    def merge_counts(self, counts: Sequence[int]) -> None:
        """Add counts in the order of :data:`COUNTS`, without latencies."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, counts, strict=True)]

    def take(self, other: "Measures") -> None:
        """Take ``other``, which was merged before, out again."""
        self.counts = [mine - theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        for code, count in other.errors_by_code.items():
            self.errors_by_code[code] -= count
            if not self.errors_by_code[code]:
                del self.errors_by_code[code]
        take_bins(self.latency, other.latency)
        take_bins(self.first_token, other.first_token)

    def copy(self) -> "Measures":
        """Return a sum that changes apart from this one."""
        other = Measures()
        other.counts = list(self.counts)
        other.errors_by_code = dict(self.errors_by_code)
        other.latency, other.first_token = dict(self.latency), dict(self.first_token)
        return other

    def packed(self) -> tuple[bytes, bytes, bytes]:
        """Return errors by code, latency bins and first-token bins as MessagePack."""
        return _PACK(self.errors_by_code), _PACK(self.latency), _PACK(self.first_token)

    def merge_stored(self, counts: Sequence[int], packed: tuple[bytes, bytes, bytes]) -> "Measures":
        """Add what the store holds: ``counts`` in the order of :data:`COUNTS`, and what :meth:`packed` gave."""
        codes, latency, first_token = packed
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, counts, strict=True)]
        for code, count in _CODES.decode(codes).items():
            self.errors_by_code[code] = self.errors_by_code.get(code, 0) + count
        add_bins(self.latency, _BINS.decode(latency))
        add_bins(self.first_token, _BINS.decode(first_token))
        return self

    def totals(self) -> MetricTotals:
        """Return the figures."""
        values = dict(zip(COUNTS, self.counts, strict=True))
        latency_us = values.pop("latency_us")
        p50, p95, p99 = quantiles(self.latency, _SHARES)
        first_p50, first_p95, first_p99 = quantiles(self.first_token, _SHARES)
        return MetricTotals(
            **values,
            mean_ms=latency_us / values["successes"] / 1000 if values["successes"] else None,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            first_token_p50_ms=first_p50,
            first_token_p95_ms=first_p95,
            first_token_p99_ms=first_p99,
            errors_by_code=dict(sorted(self.errors_by_code.items())),
        )


def _count(bins: LatencyBins, millis: float) -> None:
    key = bin_of(millis)
    bins[key] = bins.get(key, 0) + 1

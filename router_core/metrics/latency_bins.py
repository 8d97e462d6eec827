"""Latencies in logarithmic bins: a DDSketch whose bins are a plain dict, so that a sum can be taken apart again.

What left a sliding window is subtracted instead of adding up everything that is still in it.
"""

from collections.abc import Sequence
from math import ceil, exp, log
from typing import Final

__all__ = ["RELATIVE_ACCURACY", "LatencyBins", "add_bins", "bin_of", "quantiles", "take_bins", "upper_ms"]

LatencyBins = dict[int, int]

RELATIVE_ACCURACY: Final = 0.01

_GAMMA = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY)
_LOG_GAMMA = log(_GAMMA)
_LEAST_MS = 0.01
_LEAST_BIN = ceil(log(_LEAST_MS) / _LOG_GAMMA)


def bin_of(millis: float) -> int:
    """Return the bin of a latency; whatever is below ten microseconds shares the lowest one."""
    return ceil(log(millis) / _LOG_GAMMA) if millis > _LEAST_MS else _LEAST_BIN


def upper_ms(key: int) -> float:
    """Return the largest latency of a bin."""
    return exp(key * _LOG_GAMMA)


def add_bins(into: LatencyBins, other: LatencyBins) -> None:
    """Add ``other`` to ``into``."""
    if not into:
        into.update(other)
        return
    for key, count in other.items():
        if key in into:
            into[key] += count
        else:
            into[key] = count


def take_bins(out_of: LatencyBins, other: LatencyBins) -> None:
    """Take ``other``, which was added before, out again."""
    for key, count in other.items():
        left = out_of.get(key, 0) - count
        if left > 0:
            out_of[key] = left
        else:
            out_of.pop(key, None)


def quantiles(bins: LatencyBins, shares: Sequence[float]) -> list[float | None]:
    """Return, for each of ``shares`` in rising order, the latency in milliseconds below which that share lies."""
    if not bins:
        return [None] * len(shares)
    ranks = [share * (sum(bins.values()) - 1) for share in shares]
    found: list[float | None] = []
    seen = 0
    for key in sorted(bins):
        seen += bins[key]
        while len(found) < len(ranks) and seen > ranks[len(found)]:
            found.append(2 * exp(key * _LOG_GAMMA) / (1 + _GAMMA))
    return found

"""Latencies in bins: as right as the sketch that they stand for, and added and taken apart exactly."""

import random

import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from router_core.metrics.latency_bins import RELATIVE_ACCURACY, LatencyBins, add_bins, bin_of, quantiles, take_bins

SHARES = (0.0, 0.5, 0.95, 0.99, 1.0)
Millis = st.lists(st.floats(0.01, 3_600_000), min_size=1, max_size=60)


def bins_of(latencies: list[float]) -> LatencyBins:
    found: LatencyBins = {}
    for latency in latencies:
        add_bins(found, {bin_of(latency): 1})
    return found


def test_percentiles_are_those_of_the_library_and_right_within_one_percent() -> None:
    rng = random.Random(11)
    latencies = [rng.lognormvariate(6, 1) for _ in range(5_000)]
    sketch = DDSketch(relative_accuracy=RELATIVE_ACCURACY)
    for latency in latencies:
        sketch.add(latency)
    ranked = sorted(latencies)
    for share, seen in zip(SHARES, quantiles(bins_of(latencies), SHARES), strict=True):
        assert seen == pytest.approx(sketch.get_quantile_value(share), rel=1e-9)
        assert seen == pytest.approx(ranked[int(share * (len(ranked) - 1))], rel=RELATIVE_ACCURACY * 1.01)


@given(Millis, Millis)
def test_what_was_added_can_be_taken_out_again(first: list[float], second: list[float]) -> None:
    both = bins_of(first)
    add_bins(both, bins_of(second))
    assert both == bins_of([*first, *second])
    take_bins(both, bins_of(second))
    assert both == bins_of(first)

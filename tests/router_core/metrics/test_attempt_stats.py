"""Statistics of calls: what windows hold, how right percentiles are, and that moving windows forget."""

import random
import statistics
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from router_core.metrics.attempt_bucket import AttemptBucket
from router_core.metrics.attempt_stats import AttemptStats
from router_core.metrics.latency_bins import bin_of, quantiles
from router_core.metrics.sliding_sum import SlidingSum
from router_core.types import EMBEDDED, Attempt, Decision, HealthWindow, RequestEvent, Usage
from tests.support.fake_clock import START, FakeClock


def attempt(
    outcome: str = "success", latency_ms: float = 100.0, provider: str = "a", first_token_ms: float | None = None
) -> Attempt:
    return Attempt(
        number=1, provider=provider, model="m", outcome=outcome, latency_ms=latency_ms, first_token_ms=first_token_ms
    )


FINISHED = RequestEvent(
    id="e", timestamp=START, principal=EMBEDDED, account_id=None, use_case="general", provider="a", model="m",
    status="success", error_code=None, usage=Usage(), cost=None, latency_ms=1.0, first_token_ms=None, streamed=False,
    cached=False, decision=Decision(use_case="general", revision=1, estimated_input_tokens=1, considered=()),
)  # fmt: skip
WINDOWS: tuple[HealthWindow, ...] = ("15m", "1h", "24h")


class Desk:
    """Statistics in virtual time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stats = AttemptStats(self.clock)

    def call(self, *attempts: Attempt) -> None:
        """Let one request with these attempts have finished."""
        decision = Decision(use_case="general", revision=1, estimated_input_tokens=1, considered=(), attempts=attempts)
        self.stats.record(structs.replace(FINISHED, decision=decision))


def test_without_calls_every_step_is_there_and_empty() -> None:
    reading = Desk().stats.read("1h")
    assert len(reading.of("nobody").series) == 60
    assert reading.of("nobody").totals.calls == reading.totals.calls == reading.previous.calls == 0
    assert reading.totals.p95_ms is None


@pytest.mark.parametrize(("window", "steps", "step_s"), [("15m", 15, 60), ("1h", 60, 60), ("24h", 48, 1800)])
def test_a_series_has_even_steps_and_ends_with_the_one_under_way(window: HealthWindow, steps: int, step_s: int) -> None:
    desk = Desk()
    desk.clock.advance(12_345)
    desk.call(attempt())
    series = desk.stats.read(window).of("a").series
    assert len(series) == steps
    assert {(later.start - earlier.start).total_seconds() for earlier, later in pairwise(series)} == {step_s}
    assert 0 <= (desk.clock.utcnow() - series[-1].start).total_seconds() < step_s
    assert [point.calls for point in series] == [0] * (steps - 1) + [1]


def test_every_attempt_counts_where_it_was_made_and_only_telling_ones_as_failures() -> None:
    desk = Desk()
    desk.call(attempt("TIMEOUT", 5_000.0), attempt("RATE_LIMIT"), attempt("success", provider="b"))
    desk.call(attempt("cancelled"), attempt("VALIDATION_ERROR"))
    reading = desk.stats.read("15m")
    mine, other = reading.of("a").totals, reading.of("b").totals
    assert (mine.calls, mine.failures) == (4, 1)
    assert mine.errors == {"RATE_LIMIT": 1, "TIMEOUT": 1, "VALIDATION_ERROR": 1}
    assert mine.p95_ms is None
    assert (other.calls, other.failures, other.errors) == (1, 0, {})
    assert (reading.totals.calls, reading.totals.failures) == (5, 1)


def test_percentiles_are_within_one_percent_of_the_exact_ones() -> None:
    desk, rng = Desk(), random.Random(7)
    values = [rng.lognormvariate(6.5, 0.8) for _ in range(5_000)]
    for value in values:
        desk.call(attempt(latency_ms=value, first_token_ms=value / 4))
    totals = desk.stats.read("15m").of("a").totals
    exact = statistics.quantiles(values, n=100, method="inclusive")
    assert totals.p50_ms == pytest.approx(exact[49], rel=0.012)
    assert totals.p95_ms == pytest.approx(exact[94], rel=0.012)
    assert totals.p99_ms == pytest.approx(exact[98], rel=0.012)
    assert totals.first_token_p95_ms == pytest.approx(exact[94] / 4, rel=0.012)


@pytest.mark.parametrize(("window", "length_s"), [("15m", 900), ("1h", 3_600), ("24h", 86_400)])
def test_calls_move_into_the_window_before_and_then_out_of_sight(window: HealthWindow, length_s: int) -> None:
    desk = Desk()
    desk.call(attempt(latency_ms=50.0), attempt("TIMEOUT"))
    assert desk.stats.read(window).totals.calls == 2
    desk.clock.advance(length_s)
    reading = desk.stats.read(window)
    assert (reading.totals.calls, reading.previous.calls, reading.previous.failures) == (0, 2, 1)
    assert reading.previous.p50_ms == pytest.approx(50.0, rel=0.01)
    desk.clock.advance(length_s)
    reading = desk.stats.read(window)
    assert (reading.totals.calls, reading.previous.calls) == (0, 0)
    assert reading.previous.errors == {}


def test_a_call_written_just_after_the_turn_of_a_minute_is_not_lost() -> None:
    desk = Desk()
    desk.clock.advance(59.9)
    desk.call(attempt())
    desk.clock.advance(0.2)
    desk.stats.read("15m")
    desk.call(attempt())
    desk.clock.advance(120)
    series = desk.stats.read("15m").of("a").series
    assert sum(point.calls for point in series) == 2
    assert desk.stats.read("15m").totals.calls == 2


def test_old_steps_are_dropped() -> None:
    desk = Desk()
    for _ in range(300):
        desk.call(attempt())
        desk.clock.advance(60)
        desk.stats.read("1h")
    reading = desk.stats.read("24h")
    assert reading.totals.calls == 300
    hour = desk.stats.read("1h")
    assert (hour.totals.calls, hour.previous.calls) == (59, 60)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(["success", "TIMEOUT", "RATE_LIMIT"]),
            st.floats(0.5, 60_000),
            st.floats(0, 1_500),
            st.booleans(),
        ),
        max_size=40,
    )
)
@settings(max_examples=100, deadline=None)
def test_reading_now_and_then_gives_what_reading_once_gives(
    steps: list[tuple[str, str, float, float, bool]],
) -> None:
    often, once = Desk(), Desk()
    for name, outcome, latency, pause, look in steps:
        for desk in (often, once):
            desk.call(attempt(outcome, latency, name))
            desk.clock.advance(pause)
        if look:
            for window in WINDOWS:
                often.stats.read(window)
    for window in WINDOWS:
        assert often.stats.read(window) == once.stats.read(window)


def bucket(*latencies: float) -> AttemptBucket:
    made = AttemptBucket()
    for latency in latencies:
        made.calls += 1
        made.latency[bin_of(latency)] = made.latency.get(bin_of(latency), 0) + 1
    return made


def contents(made: AttemptBucket) -> tuple[int, dict[int, int]]:
    return made.calls, made.latency


def plain_sum(buckets: Iterable[AttemptBucket]) -> AttemptBucket:
    total = AttemptBucket()
    for each in buckets:
        total.add(each)
    return total


def test_a_sum_that_slides_is_the_sum_of_what_is_inside_even_when_time_jumps() -> None:
    buckets = {step: bucket(*[float(step * 10 + each) for each in range(1, 4)]) for step in range(50)}
    sliding = SlidingSum()
    for first, end in ((0, 5), (1, 6), (3, 9), (3, 9), (20, 25), (21, 26), (10, 15), (0, 50), (60, 70)):
        expected = plain_sum(buckets[step] for step in range(first, end) if step in buckets)
        assert contents(sliding.move(first, end, buckets)) == contents(expected)


def test_no_latency_is_too_small_or_too_large_to_be_counted() -> None:
    bins = {bin_of(value): 1 for value in (0.0, -1.0, 1e-9, 1.0, 1e9)}
    shares = (0.0, 1.0)
    least, most = quantiles(bins, shares)
    assert least is not None
    assert least <= 0.011
    assert most == pytest.approx(1e9, rel=0.01)
    assert quantiles({}, shares) == [None, None]

"""The metrics of this process, minute by minute."""

import random
import threading
from datetime import timedelta
from typing import Any

import pytest

from router_core.metrics.collector import KEPT_MINUTES, MetricsCollector
from router_core.types import EMBEDDED, Decision, RequestEvent, Usage
from tests.support.fake_clock import FakeClock

NO_DECISION = Decision(use_case="general", revision=0, estimated_input_tokens=0, considered=())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def collector(clock: FakeClock) -> MetricsCollector:
    return MetricsCollector(clock)


def event(clock: FakeClock, **changes: Any) -> RequestEvent:
    fields: dict[str, Any] = {
        "id": "01",
        "timestamp": clock.utcnow(),
        "principal": EMBEDDED,
        "account_id": None,
        "use_case": "general",
        "provider": "a",
        "model": "gpt-4o-mini",
        "status": "success",
        "error_code": None,
        "usage": Usage(input_tokens=100, output_tokens=50),
        "cost": 45_000,
        "latency_ms": 100.0,
        "first_token_ms": None,
        "streamed": False,
        "cached": False,
        "decision": NO_DECISION,
    }
    return RequestEvent(**(fields | changes))


def test_an_empty_window_has_no_rates_and_no_percentiles(collector: MetricsCollector) -> None:
    totals = collector.overview(5).totals
    assert (totals.requests, totals.success_rate, totals.mean_ms, totals.p95_ms) == (0, None, None, None)


def test_a_window_counts_requests_errors_cancels_tokens_and_cost(collector: MetricsCollector, clock: FakeClock) -> None:
    for status in ("success", "success", "success", "error", "cancelled"):
        collector.record(event(clock, status=status))
    totals = collector.overview(5).totals
    assert (totals.requests, totals.errors, totals.cancelled) == (5, 1, 1)
    assert (totals.tokens, totals.cost) == (750, 225_000)
    assert totals.success_rate == 75.0


def test_only_successes_enter_the_latency(collector: MetricsCollector, clock: FakeClock) -> None:
    collector.record(event(clock, latency_ms=100.0))
    collector.record(event(clock, latency_ms=60_000.0, status="error"))
    collector.record(event(clock, latency_ms=9.0, status="cancelled"))
    assert collector.overview(5).totals.mean_ms == 100.0


def test_percentiles_are_right_within_one_percent(collector: MetricsCollector, clock: FakeClock) -> None:
    rng = random.Random(11)
    latencies = [rng.lognormvariate(6, 1) for _ in range(5_000)]
    for number, latency in enumerate(latencies):
        if number % 500 == 0:
            clock.advance(60)
        collector.record(event(clock, latency_ms=latency, first_token_ms=latency / 2, provider=f"p{number % 3}"))
    totals, ranked = collector.overview(60).totals, sorted(latencies)
    for quantile, seen in ((0.5, totals.p50_ms), (0.95, totals.p95_ms), (0.99, totals.p99_ms)):
        assert seen == pytest.approx(ranked[int(quantile * (len(ranked) - 1))], rel=0.0101)
    assert totals.first_token_p95_ms == pytest.approx(ranked[int(0.95 * (len(ranked) - 1))] / 2, rel=0.0101)


def test_the_series_has_a_point_a_minute_with_gaps_oldest_first(collector: MetricsCollector, clock: FakeClock) -> None:
    collector.record(event(clock))
    clock.advance(180)
    collector.record(event(clock))
    overview = collector.overview(5)
    assert [point.totals.requests for point in overview.series] == [0, 1, 0, 0, 1]
    assert {
        later.start - sooner.start for sooner, later in zip(overview.series, overview.series[1:], strict=False)
    } == {timedelta(minutes=1)}


def test_the_current_minute_grows_between_two_looks(collector: MetricsCollector, clock: FakeClock) -> None:
    for seen in (1, 2, 3):
        collector.record(event(clock))
        assert collector.overview(5).series[-1].totals.requests == seen


def test_the_window_before_is_told_apart(collector: MetricsCollector, clock: FakeClock) -> None:
    for _ in range(3):
        collector.record(event(clock))
    clock.advance(300)
    collector.record(event(clock))
    overview = collector.overview(5)
    assert (overview.totals.requests, overview.previous.requests) == (1, 3)
    assert collector.overview(10).totals.requests == 4


def test_each_provider_has_its_own_figures_and_they_add_up(collector: MetricsCollector, clock: FakeClock) -> None:
    for provider in ("a", "b", "b", None):
        collector.record(event(clock, provider=provider))
    overview = collector.overview(5)
    assert {each.provider: each.totals.requests for each in overview.providers} == {"a": 1, "b": 2, "unserved": 1}
    assert sum(each.totals.requests for each in overview.providers) == overview.totals.requests
    assert all(len(each.series) == 5 for each in overview.providers)


def test_spend_today_starts_again_at_midnight(collector: MetricsCollector, clock: FakeClock) -> None:
    collector.record(event(clock))
    collector.record(event(clock, cost=None))
    assert collector.overview().spent_today == 45_000
    clock.advance(12 * 3_600)
    assert collector.overview().spent_today == 0
    collector.record(event(clock, cost=7))
    assert collector.overview().spent_today == 7


def test_memory_is_bounded_by_time(collector: MetricsCollector, clock: FakeClock) -> None:
    for _ in range(KEPT_MINUTES * 3):
        collector.record(event(clock))
        collector.overview(5)
        clock.advance(60)
    assert len(collector._minutes) <= KEPT_MINUTES + 1
    assert all(start >= clock.utcnow() - timedelta(minutes=KEPT_MINUTES + 2) for start, _ in collector._closed)
    assert collector.get_aggregated_metrics().request_count == KEPT_MINUTES * 3


def test_the_originals_figures_since_the_start(collector: MetricsCollector) -> None:
    collector.record_success("openai-gpt4o-mini", 150, 500, 0.002)
    collector.record_success("openai-gpt4o-mini", 250, 300, 0.001)
    collector.record_failure("openai-gpt4o-mini", 100, Exception("Rate limit exceeded"))
    collector.record_success("other", 50, 10, 0.0)
    mine, other = collector.get_all_detailed_metrics()
    assert (mine.provider, other.provider) == ("openai-gpt4o-mini", "other")
    assert (mine.request_count, mine.success_count, mine.failure_count, mine.total_tokens) == (3, 2, 1, 800)
    assert (mine.avg_latency_ms, mine.total_cost) == (200.0, 0.003)
    assert mine.success_rate == pytest.approx(200 / 3)
    aggregated = collector.get_aggregated_metrics()
    assert (aggregated.provider, aggregated.request_count, aggregated.total_tokens) == ("all", 4, 810)


def test_another_thread_may_read_while_requests_are_counted(collector: MetricsCollector, clock: FakeClock) -> None:
    faults: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                overview = collector.overview(3)
                collector.get_all_detailed_metrics()
                assert sum(point.totals.requests for point in overview.series) >= 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must tell
                faults.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    rng = random.Random(5)
    for number in range(6_000):
        if number % 50 == 0:
            clock.advance(60)
        collector.record(event(clock, provider=f"p{number % 97}", latency_ms=rng.lognormvariate(5, 3)))
    done.set()
    for reader in readers:
        reader.join(timeout=20)
    assert faults == []
    assert collector.get_aggregated_metrics().request_count == 6_000

"""The metrics of this process since it started."""

import random
import threading
from typing import Any

import pytest

from router_core.metrics.collector import MetricsCollector
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


def test_requests_errors_cancels_tokens_and_cost_are_counted(collector: MetricsCollector, clock: FakeClock) -> None:
    for status in ("success", "success", "success", "error", "cancelled"):
        collector.record(event(clock, status=status))
    figures = collector.get_aggregated_metrics()
    assert (figures.request_count, figures.success_count, figures.failure_count) == (5, 3, 1)
    assert (figures.total_tokens, figures.total_cost, figures.success_rate) == (750, 0.000225, 75.0)


def test_only_successes_enter_the_latency(collector: MetricsCollector, clock: FakeClock) -> None:
    collector.record(event(clock, latency_ms=100.0))
    collector.record(event(clock, latency_ms=60_000.0, status="error"))
    collector.record(event(clock, latency_ms=9.0, status="cancelled"))
    assert collector.get_aggregated_metrics().avg_latency_ms == 100.0


def test_each_provider_has_its_own_figures_and_they_add_up(collector: MetricsCollector, clock: FakeClock) -> None:
    for provider in ("a", "b", "b", None):
        collector.record(event(clock, provider=provider))
    found = {each.provider: each.request_count for each in collector.get_all_detailed_metrics()}
    assert found == {"a": 1, "b": 2, "unserved": 1}
    assert collector.get_aggregated_metrics().request_count == 4


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
                each = [figures.request_count for figures in collector.get_all_detailed_metrics()]
                assert collector.get_aggregated_metrics().request_count >= sum(each)
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

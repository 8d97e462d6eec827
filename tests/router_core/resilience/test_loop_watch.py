"""A process that cannot keep up takes less, and no single hiccup frightens it."""

import pytest

from router_core.errors import LLMProviderError, MaxRetriesExceededError
from router_core.resilience.concurrency import AdaptiveLimit, ConcurrencyPolicy
from router_core.resilience.loop_watch import LoopWatch
from router_core.resilience.resilient_provider import ResilientProvider
from tests.support.fake_clock import FakeClock


def crowded(in_flight: int, *, least: int = 100) -> AdaptiveLimit:
    load = AdaptiveLimit(ConcurrencyPolicy(ceiling=1_000, least=least, backoff=0.9, growth=10), FakeClock())
    for _ in range(in_flight):
        assert load.take()
    return load


def test_three_late_wakings_in_a_row_lower_the_limit() -> None:
    load = crowded(500)
    watch = LoopWatch(load, FakeClock())
    for lag in (0.5, 0.5, 0.0, 0.5, 0.5):
        watch.note(lag)
    assert load.limit == 1_000
    watch.note(0.5)
    assert load.limit == 450
    assert not load.take()


def test_a_quiet_process_is_never_throttled() -> None:
    load = crowded(20)
    watch = LoopWatch(load, FakeClock())
    for _ in range(50):
        watch.note(2.0)
    assert load.limit == 1_000


def test_the_limit_grows_back_while_the_process_keeps_up() -> None:
    load = crowded(500)
    watch = LoopWatch(load, FakeClock())
    for _ in range(3):
        watch.note(0.5)
    for _ in range(100):
        watch.note(0.0)
    assert load.limit > 900


def test_a_limit_cut_long_ago_gives_way_to_a_new_crowd() -> None:
    clock = FakeClock()
    load = AdaptiveLimit(ConcurrencyPolicy(ceiling=1_000, least=8), clock)
    for _ in range(10):
        load.take()
    load.note_overload()
    assert load.limit == 8
    for _ in range(10):
        load.give_back()
    clock.advance(3_600)
    taken = 0
    for _ in range(20):
        for _ in range(50):
            taken += load.take()
        clock.advance(5)
    assert taken > 200


async def test_a_resilient_provider_retries_and_counts_every_attempt() -> None:
    calls: list[int] = []

    async def call() -> str:
        calls.append(1)
        raise LLMProviderError("bad gateway", provider="a")

    resilient = ResilientProvider(call, clock=FakeClock())
    with pytest.raises(MaxRetriesExceededError):
        await resilient.execute()
    assert (len(calls), resilient.get_state().failure_count) == (3, 3)
    resilient.reset()
    assert resilient.get_state().failure_count == 0

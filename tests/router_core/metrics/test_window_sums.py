"""A window that slides along has the same figures as one that is added up anew."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.errors import OverloadedError
from router_core.metrics.live import WINDOWS, LiveMetrics
from router_core.metrics.memory_store import MemoryMetricsStore
from router_core.metrics.overlay import PendingEvents
from router_core.types import MetricsFilter, MetricsWindow
from tests.support.fake_clock import FakeClock
from tests.support.record_events import AT, event

Act = tuple[int, int]


class CountingStore(MemoryMetricsStore):
    """Notes how many steps were read; ``lost`` while it does not answer."""

    read = 0
    lost = False

    async def step_stamps(self, span: int, since: datetime, chosen: MetricsFilter) -> dict[datetime, tuple[int, int]]:
        if self.lost:
            raise OverloadedError("The store is out of reach")
        return await super().step_stamps(span, since, chosen)

    async def steps(self, span, starts, chosen):
        self.read += len(starts)
        return await super().steps(span, starts, chosen)


def live_over(store: MemoryMetricsStore, pending: PendingEvents, clock: FakeClock) -> LiveMetrics:
    return LiveMetrics(store, pending, clock, lambda: (0, 0))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(WINDOWS)),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4_000_000)), min_size=1, max_size=40),
)
async def test_a_window_that_slid_equals_one_added_up_anew(window: MetricsWindow, acts: list[Act]) -> None:
    """Acts add a stored or a pending event, now or late, or let time pass; after each the two reports are the same."""
    clock, store, pending = FakeClock(start=AT), MemoryMetricsStore(AT), PendingEvents()
    kept = live_over(store, pending, clock)
    rng = random.Random(len(acts))
    reach = WINDOWS[window][0] * WINDOWS[window][1] * 2
    for number, (kind, size) in enumerate(acts):
        if kind == 0:
            clock.advance(size % reach)
        else:
            late = size % reach if kind == 1 else size % 90
            made = event(
                number,
                provider=rng.choice(("a", "b", None)),
                use_case=rng.choice(("chat", "code")),
                status=rng.choice(("success", "error")),
                latency_ms=1 + size / 1000,
                cost=size,
                timestamp=clock.utcnow() - timedelta(seconds=late),
            )
            (pending if kind == 2 else store).add(made)
        anew = live_over(store, pending, clock)
        assert await kept.report(window) == await anew.report(window)
        chosen = MetricsFilter(provider="a", use_case="chat")
        assert await kept.report(window, chosen) == await anew.report(window, chosen)


async def test_only_steps_that_changed_are_read_again() -> None:
    clock, store = FakeClock(start=AT + timedelta(hours=1)), CountingStore(AT)
    for minute in range(30):
        store.add(event(minute, timestamp=AT + timedelta(minutes=30 + minute)))
    live = live_over(store, PendingEvents(), clock)
    assert (await live.report("1h")).totals.requests == 30
    assert store.read == 30
    await live.report("1h")
    assert store.read == 30
    store.add(event(31, timestamp=AT + timedelta(minutes=40)))
    assert (await live.report("1h")).totals.requests == 31
    assert store.read == 31


async def test_a_choice_counts_only_what_it_names() -> None:
    clock, store, pending = FakeClock(start=AT), MemoryMetricsStore(AT), PendingEvents()
    store.add(event(1, provider="a", use_case="chat", timestamp=AT))
    store.add(event(2, provider="b", use_case="chat", timestamp=AT))
    pending.add(event(3, provider="a", use_case="code", timestamp=AT))
    pending.add(event(4, provider=None, use_case="code", status="error", timestamp=AT))
    live = live_over(store, pending, clock)
    for chosen, count in (
        (MetricsFilter(provider="a"), 2),
        (MetricsFilter(use_case="chat"), 2),
        (MetricsFilter(provider="a", use_case="code"), 1),
        (MetricsFilter(provider=""), 1),
        (MetricsFilter(model="nothing"), 0),
    ):
        assert (await live.report("5m", chosen)).totals.requests == count


async def test_while_the_store_is_lost_the_window_slides_on_with_what_was_read_last() -> None:
    clock, store, pending = FakeClock(start=AT), CountingStore(AT), PendingEvents()
    store.add(event(1, timestamp=AT))
    live = live_over(store, pending, clock)
    read_at = (await live.report("5m")).as_of
    store.lost = True
    clock.advance(120)
    pending.add(event(2, timestamp=clock.utcnow()))
    report = await live.report("5m")
    assert (report.totals.requests, report.as_of) == (2, read_at)
    clock.advance(240)
    assert (await live.report("5m")).previous.requests == 1
    with pytest.raises(OverloadedError):
        await live.report("7d")


async def test_once_warm_the_first_look_reads_nothing_that_did_not_change() -> None:
    clock, store = FakeClock(start=AT + timedelta(hours=1)), CountingStore(AT)
    for minute in range(30):
        store.add(event(minute, timestamp=AT + timedelta(minutes=30 + minute)))
    live = live_over(store, PendingEvents(), clock)
    await live.warm()
    read = store.read
    assert read > 0
    for window in WINDOWS:
        await live.report(window)
    assert store.read == read


async def test_a_store_that_does_not_answer_at_the_start_costs_nothing_but_the_warmth() -> None:
    clock, store = FakeClock(start=AT), CountingStore(AT)
    store.lost = True
    live = live_over(store, PendingEvents(), clock)
    await live.warm()
    store.lost = False
    assert (await live.report("1h")).totals.requests == 0

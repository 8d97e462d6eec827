"""Gossip of breakers over a log in memory, in virtual time: who hears what, what binds, and what an outage costs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from router_core.errors import CircuitBreakerOpenError, OverloadedError
from router_core.resilience.gossip import MOST_QUEUED
from router_core.types import BreakerTransition
from tests.support.breaker_nodes import FaultyLog, Node, TickClock, start_node

Start = Callable[..., Node]
AWAY = OverloadedError("The store cannot be reached")


@pytest.fixture
def clock() -> TickClock:
    return TickClock()


@pytest.fixture
def log(clock: TickClock) -> FaultyLog:
    return FaultyLog(clock)


@pytest.fixture
async def start(log: FaultyLog, clock: TickClock) -> AsyncIterator[Start]:
    """Starts nodes, and stops them after the test."""
    nodes: list[Node] = []

    def starter(name: str, its_clock: TickClock | None = None, *, run: bool = True) -> Node:
        nodes.append(start_node(name, log, its_clock or clock, run=run))
        return nodes[-1]

    yield starter
    log.fault, log.stuck = None, False
    for node in nodes:
        await node.stop()


async def rows(log: FaultyLog, cause: str | None = None) -> list[BreakerTransition]:
    return [row for row in await log.rows() if cause in (None, row.cause)]


# --- advice ----------------------------------------------------------------------------------------------------------


async def test_what_opens_here_is_open_elsewhere_within_two_seconds_and_until_the_same_instant(
    start: Start, clock: TickClock
) -> None:
    a, b = start("a"), start("b")
    await clock.settle()
    assert b.state() == "CLOSED"
    a.fail()
    await clock.tick(1.0)
    assert b.state() == "OPEN"
    assert b.breaker().get_state().cooldown_remaining == a.breaker().get_state().cooldown_remaining == 59_000
    with pytest.raises(CircuitBreakerOpenError):
        b.breaker().acquire()


async def test_news_are_written_at_once_without_waiting_for_a_poll(
    start: Start, clock: TickClock, log: FaultyLog
) -> None:
    a = start("a")
    await clock.settle()
    a.fail()
    await clock.settle()
    assert [row.cause for row in await rows(log)] == ["failures_in_a_row"]
    assert clock.now() == 0


async def test_after_the_cool_down_each_process_judges_by_its_own_probes(start: Start, clock: TickClock) -> None:
    a, b = start("a"), start("b")
    a.fail()
    await clock.tick()
    await clock.tick(60)
    b.succeed()
    assert (a.breaker().wait_ms(), a.state(), b.state()) == (0, "OPEN", "CLOSED")


async def test_a_recovery_elsewhere_closes_what_is_open_by_hearsay_and_nothing_else(
    start: Start, clock: TickClock
) -> None:
    a, hearsay, own = start("a"), start("hearsay"), start("own")
    await clock.settle()
    own.fail()
    clock.advance(0.5)
    a.fail()
    await clock.tick(0.5)
    assert (hearsay.state(), own.state()) == ("OPEN", "OPEN")
    clock.advance(59.5)
    a.succeed()
    await clock.tick(1.0)
    assert a.state() == "CLOSED"
    assert hearsay.state() == "CLOSED"
    assert own.state() == "OPEN"


async def test_an_upstream_that_was_not_met_yet_is_open_when_it_is(start: Start, clock: TickClock) -> None:
    a, b = start("a"), start("b")
    a.fail()
    await clock.tick()
    assert b.upstreams.all() == []
    assert b.state() == "OPEN"


async def test_a_new_process_is_told_what_opened_lately_and_does_not_try_it(start: Start, clock: TickClock) -> None:
    start("a").fail()
    start("a").fail(model="gpt-4o-mini")
    await clock.tick(30)
    late = start("late")
    await clock.settle()
    assert late.state() == late.state("gpt-4o-mini") == "OPEN"
    late.breaker().reset()
    await clock.tick(1)
    assert late.state() == "CLOSED"


async def test_stale_news_open_nothing(start: Start, clock: TickClock, log: FaultyLog) -> None:
    a, b = start("a"), start("b")
    log.fault = AWAY
    a.fail()
    await clock.tick(61)
    log.fault = None
    await clock.tick()
    assert len(b.heard) == 1
    assert b.state() == "CLOSED"


# --- what operators do binds ----------------------------------------------------------------------------------------


async def test_a_force_and_its_reset_apply_everywhere(start: Start, clock: TickClock) -> None:
    a, b = start("a"), start("b")
    a.breaker().force("OPEN", actor="ann@example.com", reason="maintenance")
    await clock.tick()
    forced = b.breaker().get_state().forced
    assert forced is not None
    assert (forced.phase, forced.actor, forced.reason, forced.until) == ("OPEN", "ann@example.com", "maintenance", None)
    b.breaker().reset(actor="bob@example.com")
    await clock.tick()
    assert a.breaker().get_state().forced is None
    assert a.state() == "CLOSED"


async def test_a_force_closed_binds_where_calls_fail(start: Start, clock: TickClock) -> None:
    a, b = start("a"), start("b")
    b.fail()
    a.breaker().force("CLOSED", actor="ann", reason="it is up")
    await clock.tick()
    b.fail(20)
    assert b.state() == "CLOSED"


async def test_a_force_survives_a_restart_of_every_process(start: Start, clock: TickClock, log: FaultyLog) -> None:
    a = start("a")
    a.breaker().force("OPEN", actor="ann", reason="maintenance")
    await a.stop()
    clock.advance(30 * 24 * 3600)
    reborn = start("reborn")
    await clock.settle()
    forced = reborn.breaker().get_state().forced
    assert forced is not None
    assert forced.reason == "maintenance"
    assert len(await rows(log)) == 1


async def test_news_of_failures_do_not_hide_a_force_from_a_process_that_has_not_met_the_upstream(
    start: Start, clock: TickClock
) -> None:
    a, b, deaf = start("a"), start("b"), start("deaf", run=False)
    a.breaker().force("OPEN", actor="ann", reason="maintenance")
    deaf.fail()
    await clock.tick()
    await deaf.gossip.close()
    await clock.tick()
    assert len(b.heard) == 2
    assert b.upstreams.all() == []
    assert b.breaker().get_state().forced is not None


async def test_a_force_with_an_end_is_over_everywhere_and_its_end_is_told_once(
    start: Start, clock: TickClock, log: FaultyLog
) -> None:
    nodes = [start(name) for name in "abc"]
    nodes[0].breaker().force("OPEN", actor="ann", reason="maintenance", seconds=10)
    await clock.tick()
    assert [node.state() for node in nodes] == ["OPEN"] * 3
    await clock.tick(10)
    assert [node.state() for node in nodes] == ["HALF_OPEN"] * 3
    await clock.tick()
    assert [(row.cause, row.node) for row in await rows(log)] == [("forced_open", "a"), ("force_ended", "a")]


async def test_who_resets_what_she_sees_forced_is_obeyed_though_her_clock_is_behind(
    start: Start, clock: TickClock
) -> None:
    slow = TickClock(seed=1)
    slow.shift_wall(timedelta(hours=-1))
    a, b = start("a"), start("b", slow)
    a.breaker().force("OPEN", actor="ann", reason="maintenance")
    for each in (clock, slow):
        await each.tick()
    assert b.breaker().get_state().forced is not None
    b.breaker().reset(actor="bob")
    for each in (slow, clock):
        await each.tick()
    assert a.breaker().get_state().forced is None
    assert start("later").breaker().get_state().forced is None


async def test_acts_of_an_outage_end_the_same_everywhere_whatever_the_order_in_which_they_are_written(
    start: Start, clock: TickClock
) -> None:
    a, b, c = start("a", run=False), start("b", run=False), start("c", run=False)
    a.breaker().force("OPEN", actor="ann", reason="maintenance")
    clock.advance(5)
    b.breaker().reset(actor="bob")
    for node in (b, a):
        await node.gossip.close()
    for node in (a, b, c):
        await node.gossip.poll()
    assert [node.breaker().get_state().forced for node in (a, b, c)] == [None] * 3


# --- no echo ---------------------------------------------------------------------------------------------------------


async def test_what_is_heard_is_never_told_again(start: Start, clock: TickClock, log: FaultyLog) -> None:
    nodes = [start(name) for name in "abcd"]
    for node in nodes:
        node.state()
    nodes[0].fail()
    nodes[1].breaker("gpt-4o-mini").force("CLOSED", actor="ann", reason="it is up")
    for _ in range(20):
        await clock.tick()
    assert sorted(row.node for row in await rows(log)) == ["a", "b"]
    assert [len(node.heard) for node in nodes] == [1, 1, 2, 2]


async def test_many_news_are_read_whole_and_in_order(start: Start, clock: TickClock, log: FaultyLog) -> None:
    a, b = start("a"), start("b")
    await clock.settle()
    for _ in range(600):
        a.fail()
        a.breaker().reset(actor="ann")
        await clock.settle()
        clock.advance(0.0001)
    await clock.tick()
    stored = await rows(log)
    assert len(stored) == 1200
    assert [row.id for row in b.heard] == [row.id for row in stored]


# --- outages ---------------------------------------------------------------------------------------------------------


async def test_an_outage_stops_nobody_is_logged_once_and_loses_nothing(
    start: Start, clock: TickClock, log: FaultyLog, caplog: pytest.LogCaptureFixture
) -> None:
    a, b = start("a"), start("b")
    await clock.settle()
    log.fault = AWAY
    with caplog.at_level(logging.INFO, logger="router_core.monitor"):
        a.fail()
        for _ in range(10):
            await clock.tick()
        a.breaker("gpt-4o-mini").force("OPEN", actor="ann", reason="maintenance")
        await clock.tick()
        log.fault = None
        for _ in range(2):
            await clock.tick()
    assert b.state() == "OPEN"
    assert b.breaker("gpt-4o-mini").get_state().forced is not None
    assert a.gossip.dropped == 0
    # Once in each process, and once more when it is over.
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2 + ["INFO"] * 2
    assert all(record.exc_info is None for record in caplog.records)


async def test_a_log_that_is_away_at_the_start_is_read_from_the_beginning_later(
    start: Start, clock: TickClock, log: FaultyLog
) -> None:
    a = start("a")
    a.breaker().force("OPEN", actor="ann", reason="maintenance")
    await clock.settle()
    log.fault = AWAY
    b = start("b")
    assert not await b.gossip.poll()
    assert b.breaker().get_state().forced is None
    log.fault = None
    await clock.tick()
    assert b.breaker().get_state().forced is not None


async def test_a_bug_in_the_log_is_logged_with_its_trace_and_survived(
    start: Start, clock: TickClock, log: FaultyLog, caplog: pytest.LogCaptureFixture
) -> None:
    a = start("a")
    await clock.settle()
    log.fault = LookupError("a bug")
    a.fail()
    await clock.tick()
    log.fault = None
    await clock.tick()
    assert len(await rows(log)) == 1
    assert all(record.exc_info is not None for record in caplog.records if record.levelname == "WARNING")


async def test_beyond_the_bound_the_oldest_news_are_dropped_and_counted(
    start: Start, clock: TickClock, log: FaultyLog
) -> None:
    a = start("a")
    await clock.settle()
    log.fault = AWAY
    for number in range(1, MOST_QUEUED + 201):
        a.breaker().reset(actor="ann", reason=str(number))
        if number % 50 == 0:
            await clock.tick()
    log.fault = None
    await clock.tick()
    assert [row.detail for row in await rows(log)] == [str(number) for number in range(201, MOST_QUEUED + 201)]
    assert a.gossip.dropped == 200


async def test_a_log_that_hangs_holds_up_no_call_and_no_end(
    start: Start, clock: TickClock, log: FaultyLog, caplog: pytest.LogCaptureFixture
) -> None:
    a = start("a")
    await clock.settle()
    log.stuck = True
    a.fail()
    await clock.tick()
    assert a.state() == "OPEN"
    assert a.task is not None
    a.task.cancel()
    await asyncio.gather(a.task, return_exceptions=True)
    await asyncio.wait_for(a.gossip.close(seconds=0.05), timeout=1)
    assert "1 news of breakers were not written" in caplog.text
    log.stuck = False
    await a.gossip.close()
    assert len(await rows(log)) == 1


async def test_the_end_of_a_process_writes_what_is_queued(start: Start, log: FaultyLog) -> None:
    a = start("a", run=False)
    a.fail()
    await a.stop()
    assert len(await rows(log)) == 1


async def test_what_cannot_be_kept_holds_up_nothing_else(
    start: Start, clock: TickClock, log: FaultyLog, caplog: pytest.LogCaptureFixture
) -> None:
    a = start("a", run=False)
    a.fail()
    a.breaker().reset(actor="ann", reason="nul\x00")
    a.fail(model="gpt-4o-mini")
    await a.gossip.close()
    assert [row.cause for row in await rows(log)] == ["failures_in_a_row"] * 2
    assert "is left out" in caplog.text


async def test_a_look_from_another_thread_that_ends_a_force_is_told_too(
    start: Start, clock: TickClock, log: FaultyLog
) -> None:
    a = start("a")
    a.breaker().force("OPEN", actor="ann", reason="maintenance", seconds=10)
    await clock.settle()
    clock.advance(10)
    assert (await asyncio.to_thread(a.breaker().get_state)).state == "HALF_OPEN"
    await clock.settle()
    assert [row.cause for row in await rows(log)] == ["forced_open", "force_ended"]

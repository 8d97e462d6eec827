"""What a process stands on: when something counts as down, how it comes back, and in what order it is told."""

from datetime import timedelta
from itertools import pairwise

import pytest

from db.errors import StoreBusyError, StoreUnreachableError
from db.watch import FAILURES, REMEMBERED_S, StoreWatch
from router_core.health.dependencies import DependencyRegister
from router_core.monitor import DependencyMonitor
from tests.support.fake_clock import START, FakeClock

AWAY = StoreUnreachableError("The store cannot be reached", detail="refused, password=hunter2 sk-proj-abcdefghijklmnop")


def monitor(clock: FakeClock, name: str = "thing", patience: int = 1) -> DependencyMonitor:
    return DependencyMonitor(
        name, "The thing", clock, works="All else works.", lost="This does not.", patience=patience
    )


def test_one_failure_that_passes_is_counted_and_raises_no_alarm() -> None:
    watched = monitor(FakeClock(), patience=2)
    watched.failed(OSError("no"))
    watched.worked()
    watched.failed(OSError("no"))
    state = watched.state()
    assert (state.state, state.failures, state.outages) == ("up", 2, 0)


def test_an_outage_has_a_beginning_an_end_and_a_count(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    watched = monitor(clock, patience=2)
    clock.advance(60)
    for _ in range(5):
        watched.failed(OSError("no"))
        clock.advance(1)
    down = watched.state()
    assert (down.state, down.since, down.failures, down.outages) == ("down", START + timedelta(seconds=61), 5, 1)
    watched.worked()
    up = watched.state()
    assert (up.state, up.since, up.outages, up.last_error) == ("up", START + timedelta(seconds=65), 1, "no")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_no_secret_is_kept_of_an_error() -> None:
    watched = monitor(FakeClock())
    watched.failed(AWAY)
    assert "abcdefghijkl" not in (watched.state().last_error or "")


def test_the_worst_is_told_first() -> None:
    clock = FakeClock()
    parts = {name: monitor(clock, name) for name in ("store", "redis", "alerts")}
    register = DependencyRegister()
    for each in parts.values():
        register.add(each.state)
    assert register.report().state == "up"
    parts["alerts"].failed(AWAY)
    parts["redis"].late()
    report = register.report()
    assert report.state == "down"
    assert [each.name for each in report.dependencies] == ["alerts", "redis", "store"]


def test_locks_make_a_store_slow_for_a_while_and_only_silence_makes_it_down() -> None:
    clock = FakeClock()
    watch = StoreWatch(clock)
    for _ in range(10):
        watch.note(StoreBusyError("The store is busy", detail="locked"))
    assert watch.monitor.state().state == "slow"
    for _ in range(FAILURES):
        watch.note(AWAY)
    assert watch.monitor.state().state == "down"
    watch.admit()  # nobody probes, so everybody may try
    watch.note(None)
    assert watch.monitor.state().state == "up"


async def test_the_probe_finds_a_store_slow_until_its_refusals_are_long_ago() -> None:
    clock = FakeClock()
    watch = StoreWatch(clock)
    watch.note(StoreBusyError("The store is busy", detail="locked"))
    seen = []

    async def ping() -> None:
        seen.append((clock.now(), watch.monitor.word))
        if clock.now() > 3 * REMEMBERED_S:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await watch.run(ping)
    assert {word for at, word in seen if at < REMEMBERED_S} == {"slow"}
    assert seen[-1][1] == "up"


async def test_while_it_is_down_nobody_asks_but_the_probe_at_times_that_nobody_shares() -> None:
    clock = FakeClock()
    watch = StoreWatch(clock)
    asked: list[float] = []

    async def ping() -> None:
        asked.append(clock.now())
        if len(asked) > 40:
            raise KeyboardInterrupt
        if watch.monitor.word == "down":
            with pytest.raises(StoreUnreachableError):
                watch.admit()
        raise AWAY

    with pytest.raises(KeyboardInterrupt):
        await watch.run(ping)
    pauses = [later - before for before, later in pairwise(asked[10:])]
    assert 1.0 <= min(pauses) < max(pauses) <= 3.0
    assert len(set(pauses)) == len(pauses)
    assert watch.monitor.state().failures == 40

"""What screens say of a store, a Redis or a follower that is away."""

from datetime import UTC, datetime

import pytest

from router_core.types import DependencyReport, DependencyState, DependencyWord
from signalbox.screens.backend import Screen
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend

SINCE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def away(name: str, title: str, state: DependencyWord = "down") -> DependencyState:
    return DependencyState(
        name=name, title=title, state=state, since=SINCE, last_error="no answer *in time*", works="This works.",
        lost="That does not.",
    )  # fmt: skip


def report(*states: DependencyState) -> DependencyReport:
    return DependencyReport(state=states[0].state, dependencies=states)


@pytest.mark.parametrize("page", ["overview", "live", "health", "budgets", "audit"])
def test_every_screen_that_the_store_feeds_says_that_it_is_away(open_console: OpenConsole, page: Screen) -> None:
    backend = FakeBackend()
    backend.stands_on = report(
        away("store", "The store"), away("configuration", "The configuration's follower"), away("record", "The record")
    )
    app = open_console(backend, page=page)
    assert not app.exception
    (told,) = [each.value for each in app.error if "The store is down since" in each.value]
    assert "This works. That does not." in told
    assert r"\*in time\*" in told
    assert "follower" not in told
    assert "The record is down" not in told


def test_a_follower_is_told_of_when_the_store_is_well(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.stands_on = report(away("redis", "Redis"), away("alerts", "The delivery of alerts"))
    app = open_console(backend, page="health")
    (told,) = app.error
    assert "Redis is down since" in told.value
    assert "The delivery of alerts is down since" in told.value


def test_what_is_slow_is_a_warning(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.stands_on = report(away("store", "The store", "slow"))
    app = open_console(backend, page="health")
    assert not app.error
    assert any("The store is slow since" in each.value for each in app.warning)

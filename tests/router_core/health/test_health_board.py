"""Passive health: what real traffic shows of each provider."""

from typing import Any

import pytest

from router_core.admin.provider_keys import KeyOrder
from router_core.errors import (
    InvalidAPIKeyError,
    LLMError,
    LLMProviderError,
    NetworkError,
    RateLimitError,
    RequestRefusedError,
)
from router_core.health.board import HealthBoard
from router_core.health.transition_tail import TransitionTail
from router_core.ports import ProviderHealth
from router_core.router import StaticConfig
from router_core.types import ProviderConfig, Secret, UpstreamState
from tests.support.configuration_desk import configuration_desk
from tests.support.core_fakes import CoreRig, Slow, answer, ask, provider, rig
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import operator

BAD = LLMProviderError("bad gateway", provider="a", upstream_status=502)


class Desk:
    """A router whose events feed a health board."""

    def __init__(self, *names: str) -> None:
        self.core: CoreRig = rig([provider(name) for name in names], max_attempts=1)
        self.board = HealthBoard(self.core.config, self._state, TransitionTail(), self.core.clock)

    def _state(self, row: ProviderConfig) -> UpstreamState | None:
        upstream = self.core.router.upstream_of(row)
        return None if upstream is None else upstream.state()

    async def serve(self, step: Any, name: str = "a") -> None:
        """Send one request to ``name``, which answers with ``step``."""
        self.core.adapters.script(name, step)
        try:
            await self.core.router.complete(ask(model_override=name))
        except (LLMError, KeyError) as error:
            assert error is step  # noqa: PT017 - a step that fails must fail as scripted
        self.board.record(self.core.events.events[-1])

    def row(self, name: str = "a") -> ProviderHealth:
        return next(each for each in self.board.board() if each.provider == name)


def test_nothing_is_known_before_the_first_answer() -> None:
    row = Desk("a").row()
    assert (row.healthy, row.latency_ms, row.last_check, row.error, row.breaker) == (None, None, None, None, "CLOSED")


async def test_an_answer_makes_a_provider_healthy_with_its_latency() -> None:
    desk = Desk("a", "b")
    await desk.serve(Slow(0.15, answer()))
    row = desk.row()
    assert (row.healthy, row.latency_ms, row.error) == (True, 150.0, None)
    assert row.last_check == desk.core.events.only.timestamp
    assert desk.row("b").healthy is None


@pytest.mark.parametrize(
    "error",
    [BAD, NetworkError("reset", provider="a"), InvalidAPIKeyError("no right to it", provider="a")],
)
async def test_a_telling_failure_makes_it_unhealthy_and_keeps_the_last_good_latency(error: LLMError) -> None:
    desk = Desk("a")
    await desk.serve(Slow(0.15, answer()))
    await desk.serve(error)
    desk.core.clock.advance(11)
    row = desk.row()
    assert (row.healthy, row.latency_ms, row.error) == (False, 150.0, error.message)


@pytest.mark.parametrize(
    "step",
    [
        RateLimitError("slow down", provider="a"),
        RequestRefusedError("bad request", provider="a"),
        KeyError("a bug of ours"),
    ],
)
async def test_outcomes_that_say_nothing_about_the_provider_change_nothing(step: Exception) -> None:
    desk = Desk("a")
    await desk.serve(answer())
    await desk.serve(step)
    assert desk.row().healthy is True
    unhealthy = Desk("a")
    await unhealthy.serve(BAD)
    await unhealthy.serve(step)
    assert unhealthy.row().healthy is False


async def test_the_next_answer_makes_it_healthy_again() -> None:
    desk = Desk("a")
    await desk.serve(BAD)
    await desk.serve(answer())
    assert (desk.row().healthy, desk.row().error) == (True, None)


async def test_an_open_breaker_is_unhealthy_and_shown() -> None:
    desk = Desk("a")
    for _ in range(5):
        await desk.serve(BAD)
    assert (desk.row().breaker, desk.row().healthy) == ("OPEN", False)


def test_an_open_breaker_is_unhealthy_even_when_nothing_else_is_known() -> None:
    desk = Desk("a")
    upstream = desk.core.router.upstream_of(provider("a"))
    assert upstream is not None
    for _ in range(5):
        upstream.breaker.acquire().failure()
    assert (desk.row().healthy, desk.row().breaker) == (False, "OPEN")


def test_only_active_providers_are_on_the_board() -> None:
    config = StaticConfig([provider("on"), provider("off", is_active=False)])
    assert [each.provider for each in HealthBoard(config, lambda _: None, TransitionTail(), FakeClock()).board()] == [
        "on"
    ]


async def test_a_provider_is_down_when_keys_are_stored_for_it_and_none_can_be_used() -> None:
    desk = configuration_desk()
    (name, other, *_) = desk.store.snapshot().by_name
    await desk.keys.add_key(name, KeyOrder(key=Secret("sk-stored-0123456789abcdef")), operator("admin"))
    board = HealthBoard(desk.store, lambda _: None, TransitionTail(), desk.clock)
    found = {each.provider: (each.healthy, each.error) for each in board.board()}
    assert (found[name], found[other]) == ((False, "credential unreadable"), (None, None))
    upstream = rig([provider("a")]).router.upstream_of(provider("a"))
    assert upstream is not None
    board = HealthBoard(desk.store, lambda _: upstream.state(), TransitionTail(), desk.clock)
    assert all(each.error is None for each in board.board())

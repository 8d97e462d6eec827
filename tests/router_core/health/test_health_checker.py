"""Active checks: whom they ask, what they cost, and what they leave alone."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from router_core.admin.check_targets import check_targets
from router_core.errors import InvalidAPIKeyError, LLMProviderError, RateLimitError, RequestRefusedError
from router_core.health.board import HealthBoard
from router_core.health.check_ledger import CheckLedger
from router_core.health.checker import Check, CheckPolicy, HealthChecker
from router_core.health.transition_tail import TransitionTail
from router_core.health.upstream_checks import UpstreamChecks, least_tokens
from router_core.router import StaticConfig
from router_core.types import ProviderConfig, Secret, Snapshot, UpstreamState
from tests.support.core_fakes import HANG, PRICES, PlainKeys, answer, ask, provider, rig
from tests.support.fake_clock import FakeClock


class Desk:
    """A router in virtual time with a checker beside it."""

    def __init__(
        self,
        rows: Iterable[ProviderConfig],
        *,
        keys: PlainKeys | None = None,
        daily_cap: int = 50_000_000,
        **policy: Any,
    ) -> None:
        self.core = rig(Snapshot(rows), keys=keys, max_attempts=1)
        clock = self.core.clock
        self.board = HealthBoard(self.core.config, self._state, TransitionTail(), clock)
        self.ledger = CheckLedger(daily_cap, clock)
        checks = UpstreamChecks(
            targets=lambda: check_targets(self.core.config, self.core.router.keys),
            adapters=self.core.adapters, prices=PRICES, board=self.board, ledger=self.ledger, clock=clock,
            policy=CheckPolicy(**policy),
        )  # fmt: skip
        self.checker = HealthChecker(
            source=checks.due, listener=self.board.note_check, clock=clock, policy=CheckPolicy(**policy)
        )

    def _state(self, row: ProviderConfig) -> UpstreamState | None:
        upstream = self.core.router.upstream_of(row)
        return None if upstream is None else upstream.state()

    def word(self, name: str = "a") -> str:
        return next(each.word for each in self.board.rows() if each.provider.name == name)


async def test_a_check_is_the_smallest_real_completion_and_belongs_to_no_request() -> None:
    desk = Desk([provider("a")])
    desk.core.adapters.script("a", answer(input_tokens=8, output_tokens=1))
    await desk.checker.sweep()
    (call,) = desk.core.adapters.calls
    assert (call.max_tokens, call.request.temperature, call.event_id) == (1, None, "")
    assert call.timeouts.total == 5.0
    assert desk.word() == "healthy"
    assert desk.core.events.events == []
    assert desk.core.ledger.entries == []
    spent = desk.ledger.spend()
    assert (spent.checks, spent.cost, spent.cap) == (1, 8 * 150 + 600, 50_000_000)


@pytest.mark.parametrize(
    ("model", "tokens"), [("gpt-4o", 1), ("claude-haiku-4-5", 1), ("o3-mini", 16), ("gpt-5", 16), ("gpt-4.1", 1)]
)
def test_reasoning_families_are_asked_for_what_they_take(model: str, tokens: int) -> None:
    assert least_tokens(model) == tokens


async def test_who_answered_real_traffic_lately_is_not_asked() -> None:
    desk = Desk([provider("a"), provider("b")])
    desk.core.adapters.always("a", answer())
    desk.core.adapters.always("b", answer())
    await desk.core.router.complete(ask(model_override="a"))
    desk.board.record(desk.core.events.only)
    await desk.checker.sweep()
    assert desk.core.adapters.called == ["a", "b"]
    desk.core.clock.advance(61)
    await desk.checker.sweep()
    assert sorted(desk.core.adapters.called[2:]) == ["a", "b"]


async def test_rows_that_share_an_upstream_are_checked_once_and_all_know() -> None:
    shared = PlainKeys({"openai": Secret("sk-shared-0000")})
    desk = Desk([provider("a"), provider("b")], keys=shared)
    desk.core.adapters.always("a", answer())
    await desk.checker.sweep()
    assert desk.core.adapters.called == ["a"]
    assert (desk.word("a"), desk.word("b")) == ("healthy", "healthy")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (LLMProviderError("bad gateway", provider="a"), "down"),
        (InvalidAPIKeyError("key refused", provider="a"), "down"),
        (RateLimitError("slow down", provider="a"), "unknown"),
        (RequestRefusedError("max_tokens is too small", provider="a"), "unknown"),
    ],
)
async def test_what_a_failed_check_says(error: Exception, word: str) -> None:
    desk = Desk([provider("a")])
    desk.core.adapters.script("a", error)
    await desk.checker.sweep()
    assert desk.word() == word
    assert desk.core.router.breakers()["a"].failure_count == 0


async def test_checks_neither_open_nor_close_a_breaker() -> None:
    desk = Desk([provider("a")])
    desk.core.adapters.always("a", LLMProviderError("bad gateway", provider="a"))
    for _ in range(10):
        await desk.checker.sweep()
    assert desk.core.router.breakers()["a"].state == "CLOSED"
    upstream = desk.core.router.upstream_of(provider("a"))
    assert upstream is not None
    for _ in range(5):
        upstream.breaker.acquire().failure()
    desk.core.adapters.always("a", answer())
    await desk.checker.sweep()
    assert desk.core.router.breakers()["a"].state == "OPEN"


async def test_a_hanging_provider_delays_no_other_and_is_given_up() -> None:
    desk = Desk([provider("a"), provider("b")], timeout=0.05)
    desk.core.adapters.always("a", HANG)
    desk.core.adapters.always("b", answer())
    await asyncio.wait_for(desk.checker.sweep(), 5)
    assert (desk.word("a"), desk.word("b")) == ("down", "healthy")
    result = desk.checker.get_health("a")
    assert result is not None
    assert result.error == "no answer within 0.05 s"


async def test_the_daily_cap_ends_the_checks_until_midnight_utc() -> None:
    desk = Desk([provider("a")], daily_cap=6_000)
    desk.core.adapters.always("a", answer(input_tokens=8, output_tokens=1))
    for _ in range(5):
        await desk.checker.sweep()
    assert desk.ledger.spend().cost <= 6_000
    assert len(desk.core.adapters.calls) == 2
    desk.core.clock.advance(86_400)
    assert desk.ledger.spend().cost == 0
    await desk.checker.sweep()
    assert len(desk.core.adapters.calls) == 3


async def test_a_model_without_a_price_is_not_asked() -> None:
    desk = Desk([provider("a", model="gpt-unpriced")])
    await desk.checker.sweep()
    assert desk.core.adapters.calls == []
    assert desk.word() == "unknown"
    assert [row.error for row in desk.board.rows()] == ["not checked: no price for gpt-unpriced"]


async def test_who_is_held_open_rests_or_has_no_key_is_left_alone() -> None:
    desk = Desk([provider("held"), provider("resting"), provider("keyless"), provider("off", is_active=False)])
    desk.core.keys.without.add("keyless")
    for name in ("held", "resting"):
        upstream = desk.core.router.upstream_of(provider(name))
        assert upstream is not None
        if name == "held":
            upstream.breaker.force("OPEN", actor="ada", reason="x")
        else:
            upstream.note_error(RateLimitError("slow down", provider=name, retry_after_ms=30_000))
    await desk.checker.sweep()
    assert desk.core.adapters.calls == []


async def test_closing_ends_a_check_under_way() -> None:
    desk = Desk([provider("a")], interval=0.01)
    desk.core.adapters.always("a", HANG)
    desk.checker.start()
    await asyncio.wait_for(desk.core.adapters.hanging.wait(), 5)
    await asyncio.wait_for(desk.checker.close(), 5)


@pytest.mark.parametrize("figures", [{"interval": 0}, {"timeout": -1}, {"jitter": 1.0}])
def test_absurd_figures_are_refused(figures: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        CheckPolicy(**figures)


def test_a_configuration_without_providers_has_no_targets() -> None:
    assert list(check_targets(StaticConfig([]), rig([]).router.keys)) == []


async def test_checks_made_at_once_stay_below_the_cap_together() -> None:
    rows = [provider(name, base_url=f"https://{name}.example") for name in "abcd"]
    desk = Desk(rows, daily_cap=8_000)
    for row in rows:
        desk.core.adapters.always(row.name, answer(input_tokens=8, output_tokens=1))
    await desk.checker.sweep()
    assert len(desk.core.adapters.calls) == 2
    assert desk.ledger.spend().cost == 2 * (8 * 150 + 600)
    assert [row.error for row in desk.board.rows()][2:] == ["not checked: today's cap for checks is reached"] * 2


async def test_a_check_that_broke_off_is_paid_for_a_refused_one_is_not() -> None:
    desk = Desk([provider("a")], timeout=0.02)
    desk.core.adapters.script("a", HANG, LLMProviderError("bad gateway", provider="a"))
    await desk.checker.sweep()
    assert desk.ledger.spend().cost == 20 * 150 + 600
    await desk.checker.sweep()
    assert (desk.ledger.spend().checks, desk.ledger.spend().cost) == (2, 20 * 150 + 600)


async def test_a_bug_of_ours_says_nothing_about_the_provider() -> None:
    desk = Desk([provider("a")])
    desk.core.adapters.script("a", KeyError("ours"), answer())
    await desk.checker.sweep()
    assert desk.word() == "unknown"
    await desk.checker.sweep()
    assert desk.word() == "healthy"


async def test_a_check_by_hand_is_well_as_long_as_it_returns() -> None:
    checker, steps = HealthChecker(clock=FakeClock()), [None, RuntimeError("no sk-proj-abcdefghijklmnopqrstuvwx")]

    async def ping() -> None:
        step = steps.pop(0)
        if step is not None:
            raise step

    checker.register_provider("mine", ping)
    assert checker.get_health("mine") is None
    await checker.sweep()
    first = checker.get_health("mine")
    assert first is not None
    assert (first.provider, first.healthy, first.latency_ms, first.error) == ("mine", True, 0.0, None)
    await checker.sweep()
    second = checker.get_health("mine")
    assert second is not None
    assert (second.healthy, second.latency_ms) == (False, 0.0)
    assert "abcdefghijklmnopqrstuvwx" not in str(second.error)


async def test_a_check_that_will_not_be_cancelled_is_left_behind() -> None:
    checker, let_go, ended = HealthChecker(policy=CheckPolicy(timeout=0.02)), asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await let_go.wait()
            ended.set()

    checker.register_provider("mine", stubborn)
    await asyncio.wait_for(checker.sweep(), 5)
    health = checker.get_health("mine")
    assert health is not None
    assert (health.healthy, health.error) == (False, "no answer within 0.02 s")
    let_go.set()
    await checker.close()
    assert ended.is_set()


async def test_a_round_that_is_broken_off_is_not_the_last_one() -> None:
    rounds: list[int] = []
    done = asyncio.Event()

    def source() -> Iterable[Check]:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise KeyError("ours")
        done.set()
        return ()

    checker = HealthChecker(source=source, policy=CheckPolicy(interval=0.01))
    checker.start()
    await asyncio.wait_for(done.wait(), 5)
    await checker.close()
    assert len(rounds) >= 2

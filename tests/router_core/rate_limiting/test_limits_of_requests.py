"""Requests on a router with limits: who is refused when, with what, and what is given back however they end."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from router_core.errors import (
    LLMProviderError,
    MaxRetriesExceededError,
    PaymentRequiredError,
    RateLimitExceededError,
    ValidationError,
)
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.rate_limiting.quota import QuotaSlip
from router_core.types import CachePolicy, Decision, DefaultLimit, Limit, LimitBook, ProviderLimits, Snapshot
from tests.support.core_fakes import HANG, CoreRig, Slow, answer, ask, parts, provider, rig, service
from tests.support.fake_clock import FakeClock

ACME = service("acme")
DEFAULT = DefaultLimit(10.0, 50)


class World:
    """A router whose accounts have limits, and its limiter, on one clock."""

    def __init__(self, *limits: Limit, default: DefaultLimit | None = None, **rows: ProviderLimits) -> None:
        providers = [provider(name, limits=given, is_default=name == "first") for name, given in rows.items()]
        self.book = LimitBook(limits, default=default)
        snapshot = Snapshot(providers or [provider("first", is_default=True)], limits=self.book)
        self.clock = FakeClock()
        self.limiter = MemoryLimiter(self.clock)
        self.rig: CoreRig = rig(snapshot, limiter=self.limiter, clock=self.clock)
        for row in snapshot.providers:
            self.rig.adapters.always(row.name, answer("Hello"))

    async def left(self, *places: tuple[Any, str]) -> list[float]:
        buckets = [bucket for scope, target in places for bucket in self.book.buckets(scope, target)]
        return [each.left for each in await self.limiter.look(buckets)]

    async def ask(self, **fields: Any) -> None:
        await self.rig.router.complete(ask(**fields), ACME)


async def test_fifty_requests_at_once_are_served_and_the_next_is_refused_with_its_wait() -> None:
    world = World(default=DEFAULT)
    for _ in range(50):
        await world.ask()
    with pytest.raises(RateLimitExceededError) as caught:
        await world.ask()
    error = caught.value
    assert (error.message, error.retry_after_ms) == ("Rate limit exceeded. Maximum 10 requests/second.", 100)
    world.clock.advance(0.1)
    await world.ask()
    await world.rig.router.complete(ask(), service("other"))
    assert world.rig.events.events[50].error_code == "RATE_LIMIT_EXCEEDED"


async def test_an_embedded_caller_without_an_account_is_limited_by_use_case_alone() -> None:
    world = World(Limit(scope="use_case", target="general", requests_per_second=1, burst=1), default=DEFAULT)
    await world.rig.router.complete(ask())
    with pytest.raises(RateLimitExceededError):
        await world.rig.router.complete(ask())


async def test_a_request_that_comes_to_nothing_takes_its_token_too() -> None:
    world = World(default=DefaultLimit(1.0, 2))
    for _ in range(2):
        with pytest.raises(ValidationError, match="unknown use case"):
            await world.ask(use_case="nothing-of-the-kind")
    with pytest.raises(RateLimitExceededError):
        await world.ask(use_case="nothing-of-the-kind")


async def test_a_token_may_be_taken_without_a_request() -> None:
    world, slip = World(default=DefaultLimit(1.0, 1)), QuotaSlip()
    await world.rig.router.charge(ACME, slip=slip)
    assert [(line.bucket.key, line.left) for line in slip.lines] == [("account:acme:requests", 0)]
    with pytest.raises(RateLimitExceededError):
        await world.rig.router.charge(ACME, slip=slip)
    await world.rig.router.charge(ACME, "other", slip=slip)


async def test_who_has_neither_rate_nor_money_hears_of_the_rate() -> None:
    world = World(default=DefaultLimit(1.0, 1))
    world.rig.ledger.spent_out = True
    with pytest.raises(PaymentRequiredError):
        await world.ask()
    with pytest.raises(RateLimitExceededError):
        await world.ask()


@pytest.mark.parametrize(("most", "held"), [(None, 300), (4_000, 300), (200, 200)])
async def test_tokens_are_held_for_what_is_expected_and_counted_as_they_were_used(most: int | None, held: int) -> None:
    limit = Limit(scope="account", target="acme", tokens_per_minute=10_000)
    world, slip = World(limit), QuotaSlip()
    await world.rig.router.complete(ask(max_tokens=most), ACME, slip=slip)
    (line,) = slip.lines
    (left,) = await world.left(("account", "acme"))
    used = world.rig.events.events[0].usage.total_tokens
    assert 10_000 - held - 100 < line.left <= 10_000 - held
    assert (left, used > 0) == (10_000 - used, True)


async def test_a_request_that_does_not_say_how_long_its_answer_may_be_leaves_a_small_limit_to_others_too() -> None:
    limits = ProviderLimits(tokens_per_minute=1_000)
    world = World(Limit(scope="account", target="acme", tokens_per_minute=1_000), first=limits)
    world.rig.adapters.always("first", Slow(0.001, answer("Hello", input_tokens=10, output_tokens=20)))
    await asyncio.gather(*(world.ask() for _ in range(3)))
    (left,) = await world.left(("account", "acme"))
    assert 0 <= left - (1_000 - 3 * 30) < 1


async def test_longer_answers_of_a_use_case_have_more_held_and_may_leave_it_in_debt() -> None:
    world = World(Limit(scope="account", target="acme", tokens_per_minute=1_000))
    world.rig.adapters.always("first", answer("Hello", output_tokens=5_000))
    await world.ask()
    assert (await world.left(("account", "acme")))[0] < -4_000
    with pytest.raises(RateLimitExceededError):
        await world.ask()


async def test_an_answer_from_the_cache_uses_no_tokens() -> None:
    limit = Limit(scope="account", target="acme", tokens_per_minute=10_000, concurrency=1)
    world = World(limit)
    wish = CachePolicy(ttl_seconds=60)
    await world.ask(max_tokens=100, cache=wish)
    before = await world.left(("account", "acme"))
    await world.ask(max_tokens=100, cache=wish)
    assert await world.left(("account", "acme")) == before
    assert [each.cached for each in world.rig.events.events] == [False, True]
    assert before == [10_000 - world.rig.events.events[0].usage.total_tokens, 1]


@pytest.mark.parametrize("ending", ["answer", "failure", "broken", "closed"])
async def test_a_place_is_given_back_however_a_request_ends(ending: str) -> None:
    world = World(Limit(scope="account", target="acme", concurrency=1))
    script: dict[str, Any] = {
        "answer": parts("Hello"),
        "failure": LLMProviderError("no", provider="first"),
        "broken": RuntimeError("a bug"),
        "closed": [*parts("Hello")[:1], HANG],
    }
    world.rig.adapters.script("first", *[script[ending]] * 3)
    try:
        async with aclosing(world.rig.router.stream(ask(), ACME)) as stream:
            async for _ in stream:
                assert await world.left(("account", "acme")) == [0]
                with pytest.raises(RateLimitExceededError, match="Maximum 1 requests at once"):
                    await world.ask()
                break
    except (MaxRetriesExceededError, RuntimeError):
        pass
    assert await world.left(("account", "acme")) == [1]
    world.rig.assert_nothing_held()


async def test_a_candidate_at_its_own_limit_is_passed_over_with_the_reason() -> None:
    world = World(first=ProviderLimits(), slow=ProviderLimits(requests_per_second=1, burst=1))
    answers = [await world.rig.router.complete(ask(explain=True), ACME) for _ in range(2)]
    assert [each.provider for each in answers] == ["slow", "first"]
    decision = answers[1].decision
    assert isinstance(decision, Decision)
    lost = [each.reason for each in decision.considered if not each.kept]
    assert lost == ["at its own limit of 1 requests/second, has room in 1.0 s"]


async def test_only_when_no_candidate_has_room_the_caller_is_refused_and_loses_no_token() -> None:
    tight = ProviderLimits(requests_per_second=1, burst=1)
    world = World(Limit(scope="account", target="acme", requests_per_second=1, burst=10), first=tight, slow=tight)
    for _ in range(2):
        await world.ask()
    with pytest.raises(RateLimitExceededError, match="Every provider is at its own limit") as caught:
        await world.ask()
    assert caught.value.retry_after_ms == 1_000
    assert await world.left(("account", "acme")) == [8]
    considered = world.rig.events.events[-1].decision.considered
    assert [each.kept for each in considered] == [False, False]


async def test_a_failover_counts_against_the_provider_that_it_goes_to() -> None:
    world = World(first=ProviderLimits(requests_per_second=1, burst=1), slow=ProviderLimits())
    world.rig.adapters.always("slow", LLMProviderError("no", provider="slow"))
    await world.ask()
    with pytest.raises(LLMProviderError):
        await world.ask()
    assert world.rig.adapters.called.count("first") == 1


async def test_limits_follow_the_configuration_without_forgetting_what_was_taken() -> None:
    world = World(default=DEFAULT)
    for _ in range(50):
        await world.ask()
    wider = LimitBook([Limit(scope="account", target="acme", requests_per_second=10, burst=60)])
    world.rig.config.replace(Snapshot(world.rig.config.snapshot().providers, limits=wider))
    for _ in range(10):
        await world.ask()
    with pytest.raises(RateLimitExceededError):
        await world.ask()

"""Rests of credentials, retry budget and limits of concurrency, seen from the router with scripted providers."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from router_core.attempts import AttemptPolicy
from router_core.errors import (
    InvalidAPIKeyError,
    LLMError,
    LLMProviderError,
    OverloadedError,
    QuotaExceededError,
    RateLimitError,
)
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.concurrency import ConcurrencyPolicy
from router_core.resilience.retry import RetryPolicy
from router_core.resilience.upstream import UpstreamPolicy
from router_core.router import RouterPolicy
from router_core.types import ProviderConfig, Secret
from tests.support.core_fakes import HANG, CoreRig, PlainKeys, answer, ask, provider, rig

BAD = LLMProviderError("bad gateway", provider="a", upstream_status=502)


def limited(seconds: float) -> RateLimitError:
    return RateLimitError("slow down", provider="a", upstream_status=429, retry_after_ms=int(seconds * 1000))


def several(*names: str, **options: Any) -> CoreRig:
    return rig([provider(name) for name in names], **options)


async def fails(desk: CoreRig, **fields: Any) -> LLMError:
    with pytest.raises(LLMError) as caught:
        await desk.router.complete(ask(**fields))
    desk.assert_nothing_held()
    return caught.value


# --- rests ---------------------------------------------------------------------------------------------------------


async def test_a_credential_rests_for_as_long_as_its_provider_asked_while_others_serve() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", limited(30))
    desk.adapters.always("b", answer("from b"))
    desk.adapters.always("a", answer("from a"))
    assert [(await desk.router.complete(ask())).provider for _ in range(3)] == ["b", "b", "b"]
    assert desk.adapters.called == ["a", "b", "b", "b"]
    desk.clock.advance(29.9)
    assert (await desk.router.complete(ask())).provider == "b"
    desk.clock.advance(0.2)
    assert (await desk.router.complete(ask())).provider == "a"


async def test_a_rest_is_told_in_the_trace_and_is_no_failure() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", limited(30))
    desk.adapters.always("b", answer())
    await desk.router.complete(ask())
    decision = desk.router.route(ask())
    (dropped,) = [each for each in decision.considered if not each.kept]
    assert (dropped.provider, dropped.reason) == ("a", "rate limited, rests for another 30.0 s")
    assert desk.router.breakers()["a"].failure_count == 0


async def test_who_finds_only_resting_credentials_gets_the_providers_error_with_the_rest_of_its_wait() -> None:
    desk = several("a")
    desk.adapters.script("a", limited(30))
    await fails(desk)
    desk.clock.advance(10)
    ended = await fails(desk)
    assert (ended.code, ended.status_code, ended.retry_after_ms) == ("RATE_LIMIT", 429, 20_000)
    assert desk.adapters.called == ["a"]


async def test_an_endless_rest_is_cut() -> None:
    desk = several("a")
    desk.adapters.script("a", limited(86_400))
    desk.adapters.always("a", answer())
    await fails(desk)
    desk.clock.advance(901)
    await desk.router.complete(ask())


def on_one_key(*rows: ProviderConfig) -> CoreRig:
    return rig(rows, keys=PlainKeys({"openai": Secret("sk-shared-0000")}))


@pytest.mark.parametrize(
    ("error", "shared"),
    [
        (limited(30), False),
        (QuotaExceededError("empty", provider="a", upstream_status=429), True),
        (InvalidAPIKeyError("refused", provider="a", upstream_status=401), True),
        (InvalidAPIKeyError("not this model", provider="a", upstream_status=403), False),
    ],
)
async def test_what_concerns_the_whole_credential_rests_all_its_models(error: LLMError, *, shared: bool) -> None:
    desk = on_one_key(provider("mini", model="gpt-4o-mini"), provider("large", model="gpt-4o"))
    desk.adapters.always("mini", error)
    desk.adapters.always("large", answer())
    await fails(desk, model_override="mini")
    if shared:
        assert (await fails(desk, model_override="large")).code == error.code
    else:
        await desk.router.complete(ask(model_override="large"))


async def test_rows_with_the_same_key_and_model_family_share_one_breaker() -> None:
    desk = on_one_key(provider("a"), provider("b", model="gpt-4o-mini-2024-07-18"))
    desk.adapters.always("a", BAD)
    await fails(desk, model_override="a")
    states = desk.router.breakers()
    assert (states["a"].failure_count, states["b"].failure_count) == (3, 3)
    assert len(desk.router.upstreams.all()) == 1


# --- retry budget --------------------------------------------------------------------------------------------------


async def test_repeats_stay_within_a_fifth_of_the_calls_or_the_floor() -> None:
    patient = UpstreamPolicy(breaker=BreakerPolicy(failure_threshold=1_000))
    desk = several("a", policy=RouterPolicy(attempts=AttemptPolicy(upstreams=patient)))
    desk.adapters.always("a", answer())
    served = 0
    for _ in range(40):
        desk.adapters.script("a", BAD)
        with suppress(LLMProviderError):
            await desk.router.complete(ask())
            served += 1
    state = desk.router.upstreams.all()[0].state()
    assert state.calls == 40
    assert served == state.repeats
    assert 3 < state.repeats <= 8


async def test_a_spent_retry_budget_ends_in_the_first_error_or_goes_to_the_next() -> None:
    desk = several("a")
    desk.adapters.always("a", BAD)
    upstream = desk.router.upstream_of(provider("a"))
    assert upstream is not None
    while upstream.retry_budget.allow_repeat():
        pass
    assert (await fails(desk)).code == "PROVIDER_ERROR"
    assert desk.adapters.called == ["a"]
    other = several("a", "b")
    spent = other.router.upstream_of(provider("a"))
    assert spent is not None
    while spent.retry_budget.allow_repeat():
        pass
    other.adapters.always("a", BAD)
    other.adapters.always("b", answer())
    assert (await other.router.complete(ask())).provider == "b"
    assert other.adapters.called == ["a", "b"]


# --- concurrency ---------------------------------------------------------------------------------------------------


def narrow(limit: int) -> RouterPolicy:
    tight = UpstreamPolicy(concurrency=ConcurrencyPolicy(ceiling=limit, least=1))
    return RouterPolicy(attempts=AttemptPolicy(retry=RetryPolicy(), upstreams=tight))


async def test_a_full_provider_is_passed_by() -> None:
    desk = several("a", "b", policy=narrow(1))
    desk.adapters.script("a", HANG)
    desk.adapters.always("b", answer())
    waiting = asyncio.create_task(desk.router.complete(ask()))
    await desk.adapters.hanging.wait()
    assert (await desk.router.complete(ask())).provider == "b"
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert [each.limiter.in_flight for each in desk.router.upstreams.all()] == [0, 0]


async def test_without_any_room_the_request_is_shed_with_a_wait() -> None:
    desk = several("a", policy=narrow(1))
    desk.adapters.script("a", HANG)
    waiting = asyncio.create_task(desk.router.complete(ask()))
    await desk.adapters.hanging.wait()
    with pytest.raises(OverloadedError) as caught:
        await desk.router.complete(ask())
    assert (caught.value.status_code, caught.value.retry_after_ms) == (503, 1_000)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    desk.assert_nothing_held()

"""Calls, retries and failover as CONTRACT promises them, seen from the router with scripted providers."""

from typing import Any

import pytest

from router_core.errors import (
    CircuitBreakerOpenError,
    ContextTooLongError,
    InvalidAPIKeyError,
    LLMError,
    LLMProviderError,
    MaxRetriesExceededError,
    NetworkError,
    ProviderModelError,
    QuotaExceededError,
    RateLimitError,
    RequestRefusedError,
    TimeoutError,
    UnusableAnswerError,
)
from router_core.router import RouterPolicy
from router_core.types import Usage
from tests.support.core_fakes import CoreRig, Slow, answer, ask, provider, rig

BAD = LLMProviderError("bad gateway", provider="a", upstream_status=502)
LOST = NetworkError("connection reset", provider="a")
LATE = TimeoutError(15_000, provider="a")
LIMITED = RateLimitError("slow down", provider="a", upstream_status=429)
REFUSED_KEY = InvalidAPIKeyError("key refused", provider="a", upstream_status=401)
NO_MODEL = ProviderModelError("no such model", provider="a", upstream_status=404)
BAD_REQUEST = RequestRefusedError("bad request", provider="a", upstream_status=400)


def several(*names: str, **options: Any) -> CoreRig:
    """Return a router with equal rows called ``names``, in that order."""
    return rig([provider(name) for name in names], **options)


async def fails(desk: CoreRig, **fields: Any) -> LLMError:
    with pytest.raises(LLMError) as caught:
        await desk.router.complete(ask(**fields))
    desk.assert_nothing_held()
    return caught.value


def breaker_failures(desk: CoreRig) -> dict[str, int]:
    return {name: state.failure_count for name, state in desk.router.breakers().items()}


# --- how many calls, and to whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [BAD, LOST, LATE])
async def test_a_single_candidate_gets_exactly_three_calls(error: LLMError) -> None:
    desk = several("a")
    desk.adapters.always("a", error)
    ended = await fails(desk)
    assert isinstance(ended, MaxRetriesExceededError)
    assert (ended.attempts, ended.last_error) == (3, error)
    assert ended.context == {"lastError": {"code": error.code, "status": error.status_code}, "attempts": 3}
    assert desk.adapters.called == ["a", "a", "a"]


@pytest.mark.parametrize("others", [1, 2, 5])
async def test_with_other_candidates_the_calls_go_a_a_b(others: int) -> None:
    desk = several("a", *[f"b{number}" for number in range(others)])
    for name in ("a", "b0"):
        desk.adapters.always(name, BAD)
    assert isinstance(await fails(desk), MaxRetriesExceededError)
    assert desk.adapters.called == ["a", "a", "b0"]


async def test_the_waits_before_second_and_third_call_are_the_promised_ones() -> None:
    desk = several("a", seed=3)
    desk.adapters.always("a", BAD)
    await fails(desk)
    assert len(desk.clock.waits) == 2
    assert 0.075 <= desk.clock.waits[0] <= 0.125
    assert 0.150 <= desk.clock.waits[1] <= 0.250


async def test_failing_over_waits_for_nothing() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", LATE)
    desk.adapters.script("b", answer("from b"))
    assert (await desk.router.complete(ask())).provider == "b"
    assert desk.clock.waits == []


@pytest.mark.parametrize("error", [LATE, LIMITED, REFUSED_KEY, NO_MODEL, QuotaExceededError("empty", provider="a")])
async def test_what_the_same_provider_will_not_mend_goes_to_the_next_at_once(error: LLMError) -> None:
    desk = several("a", "b")
    desk.adapters.script("a", error)
    desk.adapters.script("b", answer())
    assert (await desk.router.complete(ask())).provider == "b"
    assert desk.adapters.called == ["a", "b"]


@pytest.mark.parametrize(
    "error", [REFUSED_KEY, NO_MODEL, LIMITED, BAD_REQUEST, QuotaExceededError("empty", provider="a")]
)
async def test_what_does_not_speak_against_health_is_not_counted_by_the_breaker(error: LLMError) -> None:
    desk = several("a", max_attempts=1)
    desk.adapters.always("a", error)
    for _ in range(6):
        await fails(desk)
    assert breaker_failures(desk) == {"a": 0}


@pytest.mark.parametrize("error", [BAD, LOST, LATE])
async def test_what_speaks_against_health_is_counted_for_each_call(error: LLMError) -> None:
    desk = several("a")
    desk.adapters.always("a", error)
    await fails(desk)
    assert breaker_failures(desk) == {"a": 3}


async def test_a_bad_request_ends_at_once_without_a_second_call() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", BAD_REQUEST)
    assert (await fails(desk)).code == "VALIDATION_ERROR"
    assert desk.adapters.called == ["a"]


async def test_a_context_too_long_for_one_model_may_fit_another() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", ContextTooLongError("too long", provider="a"))
    desk.adapters.script("b", answer())
    assert (await desk.router.complete(ask())).provider == "b"


async def test_a_context_too_long_everywhere_is_token_limit_exceeded() -> None:
    desk = several("a")
    desk.adapters.script("a", ContextTooLongError("too long", provider="a"))
    ended = await fails(desk)
    assert (ended.code, ended.status_code) == ("TOKEN_LIMIT_EXCEEDED", 400)
    assert desk.adapters.called == ["a"]


async def test_an_explicit_provider_name_never_fails_over() -> None:
    desk = several("a", "b")
    desk.adapters.always("a", BAD)
    await fails(desk, model_override="a")
    assert desk.adapters.called == ["a", "a", "a"]


async def test_an_explicit_model_fails_over_only_among_its_own() -> None:
    desk = rig([provider("a"), provider("other", model="gpt-4o"), provider("b")])
    desk.adapters.always("a", LATE)
    desk.adapters.always("b", answer())
    assert (await desk.router.complete(ask(model_override="gpt-4o-mini"))).provider == "b"


# --- a provider that asks to wait ----------------------------------------------------------------------------------


async def test_a_short_wait_asked_for_is_a_floor() -> None:
    desk = several("a")
    desk.adapters.script("a", RateLimitError("slow down", provider="a", retry_after_ms=4_000), answer())
    await desk.router.complete(ask())
    assert desk.clock.waits == [4.0]


async def test_a_wait_beyond_the_cap_fails_over() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", LLMProviderError("busy", provider="a", retry_after_ms=30_000))
    desk.adapters.script("b", answer())
    assert (await desk.router.complete(ask())).provider == "b"
    assert desk.clock.waits == []


async def test_a_wait_beyond_the_cap_with_nowhere_to_go_is_passed_on() -> None:
    desk = several("a")
    desk.adapters.script("a", RateLimitError("slow down", provider="a", retry_after_ms=30_000))
    ended = await fails(desk)
    assert (ended.code, ended.status_code, ended.retry_after_ms) == ("RATE_LIMIT", 429, 30_000)
    assert desk.adapters.called == ["a"]


async def test_all_candidates_limited_for_long_is_rate_limit_with_its_wait() -> None:
    desk = several("a", "b")
    for name in ("a", "b"):
        desk.adapters.script(name, RateLimitError("slow down", provider=name, retry_after_ms=20_000))
    ended = await fails(desk)
    assert (ended.code, ended.retry_after_ms) == ("RATE_LIMIT", 20_000)
    assert desk.adapters.called == ["a", "b"]


# --- which code at the end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [(BAD, "PROVIDER_ERROR"), (LOST, "NETWORK"), (LATE, "TIMEOUT"), (LIMITED, "RATE_LIMIT"),
     (REFUSED_KEY, "INVALID_API_KEY"), (NO_MODEL, "MODEL_NOT_FOUND")],
)  # fmt: skip
async def test_one_call_ends_in_its_own_code(error: LLMError, code: str) -> None:
    desk = several("a", max_attempts=1)
    desk.adapters.script("a", error)
    assert (await fails(desk)).code == code


async def test_max_retries_exceeded_is_a_500_that_is_not_retryable() -> None:
    desk = several("a")
    desk.adapters.always("a", BAD)
    ended = await fails(desk)
    assert (ended.code, ended.status_code, ended.retryable) == ("MAX_RETRIES_EXCEEDED", 500, False)


async def test_the_third_call_of_the_second_failing_request_is_shut_out_with_the_last_real_error() -> None:
    desk = several("a")
    desk.adapters.always("a", BAD)
    assert (await fails(desk)).code == "MAX_RETRIES_EXCEEDED"
    assert (await fails(desk)).code == "PROVIDER_ERROR"
    assert len(desk.adapters.calls) == 5
    ended = await fails(desk)
    assert isinstance(ended, CircuitBreakerOpenError)
    assert ended.status_code == 503
    assert 59_000 < ended.cooldown_remaining <= 60_000
    assert len(desk.adapters.calls) == 5


async def test_an_open_breaker_beside_an_eligible_provider_is_invisible() -> None:
    desk = several("a", "b", max_attempts=1)
    desk.adapters.always("a", BAD)
    desk.adapters.always("b", answer())
    for _ in range(5):
        await fails(desk, model_override="a")
    response = await desk.router.complete(ask(explain=True))
    assert response.provider == "b"
    assert [each.kept for each in response.decision.considered] == [True, False]  # type: ignore[union-attr]


async def test_after_the_cooldown_two_answers_close_the_breaker() -> None:
    desk = several("a", max_attempts=1)
    desk.adapters.script("a", *[BAD] * 5)
    for _ in range(5):
        await fails(desk)
    desk.adapters.always("a", answer())
    desk.clock.advance(60.0)
    await desk.router.complete(ask())
    assert desk.router.breakers()["a"].state == "HALF_OPEN"
    await desk.router.complete(ask())
    assert desk.router.breakers()["a"].state == "CLOSED"


# --- deadline ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [BAD, LOST, TimeoutError(58_000, provider="a")])
async def test_a_deadline_that_ran_out_is_a_timeout_of_the_whole_request(error: LLMError) -> None:
    desk = several("a", "b")
    desk.adapters.always("a", Slow(61.0, error))
    ended = await fails(desk)
    assert (ended.code, ended.status_code, ended.message) == ("TIMEOUT", 504, "Request timed out after 60000ms")
    assert desk.adapters.called == ["a"]


async def test_nobody_sleeps_through_the_deadline() -> None:
    desk = several("a", policy=RouterPolicy(request_timeout=10.0))
    desk.adapters.always("a", Slow(8.0, RateLimitError("slow down", provider="a", retry_after_ms=4_000)))
    assert (await fails(desk)).code == "RATE_LIMIT"
    assert sum(desk.clock.waits) <= 10.0


async def test_all_calls_share_one_deadline() -> None:
    desk = several("a", "b", "c")
    desk.adapters.always("a", Slow(19.0, LATE))
    desk.adapters.always("b", Slow(19.0, LATE))
    desk.adapters.always("c", Slow(19.0, answer()))
    await desk.router.complete(ask())
    totals = [call.timeouts.total for call in desk.adapters.calls]
    assert totals == [pytest.approx(58 / 3), pytest.approx(39 / 2), pytest.approx(20.0)]


@pytest.mark.parametrize(("use_case", "first_token"), [("general", 15.0), ("voice", 4.0)])
async def test_streams_get_the_promised_first_token_and_idle_limits(use_case: str, first_token: float) -> None:
    desk = rig([provider("a", use_cases=("general", "voice"))])
    desk.adapters.script("a", (LLMProviderError("no", provider="a"),), (BAD_REQUEST,))
    with pytest.raises(LLMError):
        _ = [part async for part in desk.router.stream(ask(use_case=use_case))]
    timeouts = desk.adapters.calls[0].timeouts
    assert (timeouts.connect, timeouts.first_token, timeouts.idle) == (5.0, first_token, 15.0)


# --- the trace -----------------------------------------------------------------------------------------------------


async def test_the_trace_tells_each_call_with_its_outcome_time_and_status() -> None:
    desk = several("a", "b")
    desk.adapters.script("a", Slow(1.0, BAD), Slow(2.0, LATE))
    desk.adapters.script("b", Slow(3.0, answer()))
    response = await desk.router.complete(ask(explain=True))
    attempts = response.decision.attempts  # type: ignore[union-attr]
    assert [(each.number, each.provider, each.outcome) for each in attempts] == [
        (1, "a", "PROVIDER_ERROR"),
        (2, "a", "TIMEOUT"),
        (3, "b", "success"),
    ]
    assert [each.latency_ms for each in attempts] == [1_000.0, 2_000.0, 3_000.0]
    assert (attempts[0].status, attempts[0].error) == (502, "bad gateway")
    assert attempts[2].started_ms >= 3_000.0
    assert response.latency_ms == pytest.approx(attempts[2].started_ms + 3_000.0)
    assert desk.events.only.decision == response.decision


async def test_a_bug_in_an_adapter_is_neither_a_cancellation_nor_a_failure_of_the_provider() -> None:
    desk = several("a")
    desk.adapters.script("a", KeyError("bug"))
    with pytest.raises(KeyError):
        await desk.router.complete(ask())
    event = desk.events.only
    assert (event.status, event.error_code) == ("error", "INTERNAL_ERROR")
    assert event.decision.attempts[0].outcome == "INTERNAL_ERROR"
    assert breaker_failures(desk) == {"a": 0}
    desk.assert_nothing_held()


async def test_an_answer_that_the_model_made_useless_is_paid_and_says_nothing_about_its_provider() -> None:
    desk = several("a")
    usage = Usage(input_tokens=10, output_tokens=900)
    desk.adapters.always("a", UnusableAnswerError("no JSON", provider="a", usage=usage))
    assert isinstance(await fails(desk), MaxRetriesExceededError)
    assert desk.events.only.cost == 3 * (10 * 150 + 900 * 600)
    assert breaker_failures(desk) == {"a": 0}

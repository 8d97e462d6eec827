"""How soon and how often the same call is made again."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.errors import (
    InvalidAPIKeyError,
    LLMProviderError,
    MaxRetriesExceededError,
    NetworkError,
    RateLimitError,
    ValidationError,
)
from router_core.resilience.deadline import Deadline
from router_core.resilience.retry import Retrying, RetryPolicy, backoff
from tests.support.fake_clock import FakeClock

CHANCE = st.floats(0, 1, exclude_max=True)


def failing(*errors: Exception) -> tuple[Callable[[], Awaitable[str]], list[int]]:
    """Return a call that raises ``errors`` in turn and then answers, and the list of its calls."""
    calls: list[int] = []

    async def call() -> str:
        calls.append(1)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return "done"

    return call, calls


@given(CHANCE)
def test_the_first_call_waits_for_nothing(rand: float) -> None:
    assert backoff(RetryPolicy(), 1, rand) == 0.0


@given(CHANCE)
def test_the_second_and_third_call_wait_within_the_promised_bounds(rand: float) -> None:
    assert 0.075 <= backoff(RetryPolicy(), 2, rand) <= 0.125
    assert 0.150 <= backoff(RetryPolicy(), 3, rand) <= 0.250


@given(st.integers(1, 10_000), CHANCE)
def test_no_wait_is_negative_or_beyond_the_cap(attempt: int, rand: float) -> None:
    assert 0.0 <= backoff(RetryPolicy(max_attempts=10_000), attempt, rand) <= 5.0


@given(st.floats(0, 10), st.floats(0, 100), st.floats(1, 10), st.floats(0, 0.999), st.integers(1, 999), CHANCE)
def test_no_valid_policy_ever_waits_outside_its_bounds(
    initial: float, above: float, multiplier: float, jitter: float, attempt: int, rand: float
) -> None:
    policy = RetryPolicy(initial_delay=initial, max_delay=initial + above, multiplier=multiplier, jitter=jitter)
    assert 0.0 <= backoff(policy, attempt, rand) <= policy.max_delay


def test_the_jitter_really_spreads() -> None:
    clock = FakeClock(seed=7)
    delays = [backoff(RetryPolicy(), 2, clock.random()) for _ in range(5_000)]
    assert min(delays) < 0.076
    assert max(delays) > 0.124
    assert abs(sum(delays) / len(delays) - 0.1) < 0.001


@pytest.mark.parametrize(
    "figures",
    [{"max_attempts": 0}, {"initial_delay": -0.1}, {"max_delay": 0.01}, {"multiplier": 0.5}, {"jitter": 1.0}],
)
def test_a_policy_without_sense_is_refused(figures: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        RetryPolicy(**figures)  # type: ignore[arg-type]


async def test_three_calls_in_all_then_max_retries_exceeded() -> None:
    clock, last = FakeClock(), NetworkError("third", provider="p")
    call, calls = failing(*[LLMProviderError("bad", provider="p")] * 2, last)
    with pytest.raises(MaxRetriesExceededError) as caught:
        await Retrying(RetryPolicy(), clock).execute(call)
    assert (len(calls), caught.value.attempts, caught.value.last_error) == (3, 3, last)
    assert len(clock.waits) == 2
    assert 0.075 <= clock.waits[0] <= 0.125
    assert 0.150 <= clock.waits[1] <= 0.250


async def test_a_later_success_is_returned() -> None:
    call, calls = failing(ConnectionResetError("ECONNRESET"))
    assert await Retrying(RetryPolicy(), FakeClock()).execute(call) == "done"
    assert len(calls) == 2


@pytest.mark.parametrize("error", [InvalidAPIKeyError("refused", provider="p"), ValidationError("bad"), KeyError("x")])
async def test_what_is_not_retryable_is_raised_at_once_as_it_is(error: Exception) -> None:
    call, calls = failing(error)
    with pytest.raises(type(error)) as caught:
        await Retrying(RetryPolicy(), FakeClock()).execute(call)
    assert caught.value is error
    assert len(calls) == 1


async def test_a_wait_asked_for_is_a_floor() -> None:
    clock = FakeClock()
    call, _ = failing(RateLimitError("slow down", provider="p", retry_after_ms=3_000))
    await Retrying(RetryPolicy(), clock).execute(call)
    assert clock.waits == [3.0]


async def test_a_wait_beyond_the_cap_is_not_waited_for_and_passed_on() -> None:
    clock = FakeClock()
    call, calls = failing(RateLimitError("slow down", provider="p", retry_after_ms=30_000))
    with pytest.raises(RateLimitError) as caught:
        await Retrying(RetryPolicy(), clock).execute(call)
    assert (len(calls), clock.waits, caught.value.retry_after_ms) == (1, [], 30_000)


# --- deadline ------------------------------------------------------------------------------------------------------


def test_a_deadline_counts_down_and_stops_at_zero() -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 60.0)
    clock.advance(45.0)
    assert deadline.remaining() == 15.0
    clock.advance(45.0)
    assert deadline.remaining() == 0.0


@pytest.mark.parametrize(
    ("passed", "candidates", "seconds"),
    [(0, 1, 58.0), (0, 2, 29.0), (0, 3, 58 / 3), (29, 1, 29.0), (50, 2, 5.0), (57, 2, 3.0), (60, 1, 0.0)],
)
def test_an_attempt_gets_its_share_but_at_least_five_seconds_while_there_are_five(
    passed: float, candidates: int, seconds: float
) -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 60.0)
    clock.advance(passed)
    assert deadline.share(candidates, reserve=2.0, floor=5.0) == pytest.approx(seconds)


@settings(deadline=None)
@given(st.floats(0, 120), st.integers(0, 20))
def test_a_share_is_never_more_than_what_is_left(passed: float, candidates: int) -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 60.0)
    clock.advance(passed)
    assert 0.0 <= deadline.share(candidates, reserve=2.0, floor=5.0) <= deadline.remaining()

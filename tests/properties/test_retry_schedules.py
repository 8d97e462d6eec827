"""The retry wrapper through random schedules of failures beside what it promises, with no loop and no waiting."""

import random
from collections.abc import Coroutine
from typing import Any

from router_core.errors import (
    LLMError,
    LLMProviderError,
    MaxRetriesExceededError,
    NetworkError,
    RateLimitError,
    RequestRefusedError,
)
from router_core.resilience.retry import Retrying, RetryPolicy
from tests.properties.seeds import SCHEDULES, for_each_seed
from tests.support.fake_clock import FakeClock


def _failure(rng: random.Random) -> LLMError:
    kind = rng.choice((LLMProviderError, NetworkError, RateLimitError, RateLimitError, RequestRefusedError))
    return kind("no", provider="row", retry_after_ms=rng.choice((None, 50, 900, 4_000, 60_000)))


def _run(work: Coroutine[Any, Any, str]) -> str:
    """Drive ``work`` to its end: virtual sleeps only yield."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return str(end.value)


def _expected(script: list[LLMError | str], policy: RetryPolicy) -> tuple[int, object]:
    """Return how many calls are made and how they end."""
    for number, outcome in enumerate(script, start=1):
        if isinstance(outcome, str) or not outcome.retryable:
            return number, outcome
        if number == policy.max_attempts:
            return number, MaxRetriesExceededError
        if (outcome.retry_after_ms or 0) / 1000 > policy.max_delay:
            return number, outcome
    raise AssertionError("a script ends in an answer")


def retry_schedule(rng: random.Random) -> None:
    policy = RetryPolicy(max_attempts=rng.choice((1, 2, 3, 6)), max_delay=rng.choice((0.5, 5.0)))
    script: list[LLMError | str] = [_failure(rng) for _ in range(rng.randrange(8))]
    script.append("answer")
    clock = FakeClock(seed=rng.randrange(1000))
    calls = 0

    async def call() -> str:
        nonlocal calls
        outcome = script[calls]
        calls += 1
        if isinstance(outcome, str):
            return outcome
        raise outcome

    wanted_calls, wanted_end = _expected(script, policy)
    ended: object
    try:
        ended = _run(Retrying(policy, clock).execute(call))
    except MaxRetriesExceededError as error:
        ended = type(error)
    except LLMError as error:
        ended = error
    assert (calls, ended) == (wanted_calls, wanted_end)
    assert len(clock.waits) == calls - 1
    for place, wait in enumerate(clock.waits):
        outcome = script[place]
        asked = 0.0 if isinstance(outcome, str) else (outcome.retry_after_ms or 0) / 1000
        least = min(policy.max_delay, policy.initial_delay * policy.multiplier**place * (1 - policy.jitter))
        assert max(asked, least) - 1e-9 <= wait <= policy.max_delay, f"waited {wait} s, asked {asked} s"


def test_retries_end_and_wait_as_promised():
    for_each_seed(SCHEDULES["retry"], retry_schedule)

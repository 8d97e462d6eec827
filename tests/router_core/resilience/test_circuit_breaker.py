"""The circuit breaker's promises, one by one."""

import asyncio
from datetime import timedelta

import pytest

from router_core.errors import (
    CircuitBreakerOpenError,
    LLMError,
    LLMProviderError,
    NetworkError,
    RateLimitError,
    RateLimitExceededError,
    RequestRefusedError,
    TimeoutError,
    ValidationError,
)
from router_core.resilience.circuit_breaker import BreakerPolicy, CircuitBreaker
from tests.support.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(BreakerPolicy(), clock)


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.acquire().failure()


def half_open(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 5)
    clock.advance(60.0)


def test_five_consecutive_failures_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    assert not breaker.is_open()
    fail(breaker)
    assert breaker.is_open()
    state = breaker.get_state()
    assert (state.state, state.failure_count, state.success_count) == ("OPEN", 5, 0)
    assert state.cooldown_remaining == 60_000


def test_a_success_starts_the_count_again(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    breaker.acquire().success()
    fail(breaker, 4)
    assert not breaker.is_open()


def test_an_ignored_outcome_neither_counts_nor_resets(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    breaker.acquire().ignore()
    assert breaker.get_state().failure_count == 4
    fail(breaker)
    assert breaker.is_open()


def test_while_open_calls_are_refused_with_the_remaining_wait(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 5)
    clock.advance(15.0)
    with pytest.raises(CircuitBreakerOpenError) as caught:
        breaker.acquire()
    assert caught.value.message == "Circuit breaker is OPEN"
    assert caught.value.cooldown_remaining == 45_000


def test_the_cooldown_is_sixty_seconds_and_not_less(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 5)
    clock.advance(59.9)
    with pytest.raises(CircuitBreakerOpenError):
        breaker.acquire()
    clock.advance(0.1)
    assert breaker.acquire().is_probe


def test_a_jump_of_the_wall_clock_changes_nothing(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 5)
    clock.shift_wall(timedelta(hours=1))
    assert breaker.wait_ms() == 60_000
    clock.shift_wall(timedelta(hours=-2))
    assert breaker.wait_ms() == 60_000


def test_two_hundred_callers_at_the_end_of_the_cooldown_make_one_probe(
    breaker: CircuitBreaker, clock: FakeClock
) -> None:
    half_open(breaker, clock)
    admitted = 0
    for _ in range(200):
        try:
            breaker.acquire()
            admitted += 1
        except CircuitBreakerOpenError:
            continue
    assert admitted == 1


def test_two_successful_probes_close_it(breaker: CircuitBreaker, clock: FakeClock) -> None:
    half_open(breaker, clock)
    breaker.acquire().success()
    assert breaker.get_state().state == "HALF_OPEN"
    breaker.acquire().success()
    assert breaker.get_state().state == "CLOSED"
    assert [breaker.acquire().is_probe for _ in range(3)] == [False] * 3


@pytest.mark.parametrize("successes", [0, 1])
def test_one_failed_probe_reopens_it_for_a_fresh_minute(
    breaker: CircuitBreaker, clock: FakeClock, successes: int
) -> None:
    half_open(breaker, clock)
    for _ in range(successes):
        breaker.acquire().success()
    clock.advance(10.0)
    fail(breaker)
    assert breaker.wait_ms() == 60_000


def test_probes_that_say_nothing_never_wedge_it(breaker: CircuitBreaker, clock: FakeClock) -> None:
    half_open(breaker, clock)
    for _ in range(50):
        breaker.acquire().ignore()
    assert breaker.get_state().state == "HALF_OPEN"
    assert breaker.wait_ms() == 0


def test_a_probe_that_is_never_closed_loses_its_lease(breaker: CircuitBreaker, clock: FakeClock) -> None:
    half_open(breaker, clock)
    breaker.acquire()
    clock.advance(64.0)
    with pytest.raises(CircuitBreakerOpenError):
        breaker.acquire()
    clock.advance(1.0)
    assert breaker.acquire().is_probe


def test_calls_begun_before_the_trip_do_not_decide_the_probe(breaker: CircuitBreaker, clock: FakeClock) -> None:
    slow = [breaker.acquire() for _ in range(50)]
    half_open(breaker, clock)
    probe = breaker.acquire()
    for permit in slow[:25]:
        permit.success()
    for permit in slow[25:]:
        permit.failure()
    assert breaker.get_state().state == "HALF_OPEN"
    probe.success()
    breaker.acquire().success()
    assert breaker.get_state().state == "CLOSED"


def test_an_operators_reset_closes_it_at_once(breaker: CircuitBreaker) -> None:
    fail(breaker, 5)
    breaker.reset()
    assert breaker.get_state().failure_count == 0
    assert not breaker.acquire().is_probe


def test_a_permit_closes_once(breaker: CircuitBreaker) -> None:
    permit = breaker.acquire()
    for _ in range(9):
        permit.failure()
    assert breaker.get_state().failure_count == 1


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (LLMProviderError("bad gateway", provider="p", upstream_status=502), True),
        (NetworkError("reset", provider="p"), True),
        (TimeoutError(60_000, provider="p"), True),
        (ConnectionResetError("reset"), True),
        (RateLimitError("slow down", provider="p"), False),
        (RequestRefusedError("bad request", provider="p"), False),
        (ValidationError("our own check"), False),
        (RateLimitExceededError("our own limit"), False),
        (asyncio.CancelledError(), False),
    ],
)
async def test_execute_counts_only_what_speaks_against_the_provider(
    breaker: CircuitBreaker, error: BaseException, counts: bool
) -> None:
    async def call() -> None:
        raise error

    with pytest.raises(type(error)):
        await breaker.execute(call)
    assert breaker.get_state().failure_count == int(counts)


async def test_execute_does_not_call_while_open(breaker: CircuitBreaker) -> None:
    calls: list[int] = []

    async def call() -> int:
        calls.append(1)
        return 1

    assert await breaker.execute(call) == 1
    fail(breaker, 5)
    with pytest.raises(LLMError) as caught:
        await breaker.execute(call)
    assert caught.value.code == "CIRCUIT_BREAKER_OPEN"
    assert calls == [1]


@pytest.mark.parametrize(
    "figures", [{"failure_threshold": 0}, {"success_threshold": 0}, {"cooldown": 0}, {"probe_lease": -1}]
)
def test_a_policy_without_sense_is_refused(figures: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BreakerPolicy(**figures)

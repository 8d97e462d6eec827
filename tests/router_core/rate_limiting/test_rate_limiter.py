"""The original's rate limiter: one bucket an account, forgotten when nobody used it for an hour."""

from router_core.errors import RateLimitExceededError
from router_core.rate_limiting.levels import STALE_S
from router_core.rate_limiting.rate_limiter import RateLimiter
from tests.support.fake_clock import FakeClock


def test_the_eleventh_of_a_burst_of_ten_is_refused_with_its_wait() -> None:
    limiter = RateLimiter(requests_per_second=2, burst_capacity=10, clock=FakeClock())
    assert [limiter.check_limit("a") for _ in range(10)] == [True] * 10
    refusal = limiter.check_limit("a")
    assert isinstance(refusal, RateLimitExceededError)
    assert (refusal.status_code, refusal.code, refusal.retry_after_ms) == (429, "RATE_LIMIT_EXCEEDED", 500)
    assert refusal.message == "Rate limit exceeded. Maximum 2 requests/second."
    assert limiter.check_limit("b") is True


def test_the_defaults_are_ten_a_second_and_fifty_at_once() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock=clock)
    assert [limiter.check_limit("a") for _ in range(51)].count(True) == 50
    clock.advance(1)
    assert [limiter.check_limit("a") for _ in range(11)].count(True) == 10


def test_status_tells_what_is_left_and_reset_gives_it_back() -> None:
    limiter = RateLimiter(clock=FakeClock())
    for _ in range(8):
        limiter.check_limit("a")
    status = limiter.get_status("a")
    assert (status.requests_remaining, status.tokens_available, status.burst_capacity) == (42, 42.0, 50)
    limiter.check_limit("b")
    limiter.reset("a")
    assert limiter.get_status("a").requests_remaining == 50
    assert limiter.get_status("b").requests_remaining == 49
    limiter.reset_all()
    assert (limiter.accounts, limiter.get_status("b").requests_remaining) == (0, 50)


def test_accounts_unused_for_an_hour_are_dropped_while_others_go_on() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock=clock)
    for number in range(1_000):
        limiter.check_limit(f"account {number}")
    clock.advance(STALE_S + 1)
    for _ in range(40):
        for _ in range(10):
            limiter.check_limit("busy")
        clock.advance(1)
    assert limiter.accounts == 1


def test_an_account_in_debt_for_longer_than_an_hour_is_kept() -> None:
    clock = FakeClock()
    limiter = RateLimiter(requests_per_second=0.001, burst_capacity=10, clock=clock)
    for _ in range(10):
        limiter.check_limit("slow")
    clock.advance(STALE_S + 1)
    for number in range(20):
        limiter.check_limit(f"other {number}")
    assert limiter.get_status("slow").requests_remaining == 3

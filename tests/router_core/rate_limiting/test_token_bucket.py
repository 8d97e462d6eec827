"""The bucket by itself: its arithmetic on a clock that tests move."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.rate_limiting.token_bucket import TokenBucket, taken_at, wait_for
from tests.support.fake_clock import FakeClock


def test_a_new_bucket_is_full_and_a_burst_empties_it() -> None:
    clock = FakeClock()
    bucket = TokenBucket(50, 10, clock)
    assert [bucket.try_consume() for _ in range(51)] == [True] * 50 + [False]
    assert bucket.wait_ms() == pytest.approx(100)
    clock.advance(1)
    assert bucket.tokens_available == pytest.approx(10)


def test_it_never_holds_more_than_its_capacity() -> None:
    clock = FakeClock()
    bucket = TokenBucket(50, 10, clock)
    bucket.try_consume(30)
    clock.advance(3_600)
    assert bucket.tokens_available == 50
    assert bucket.wait_ms(51) == float("inf")
    assert not bucket.try_consume(51)


def test_a_refused_request_takes_nothing_and_a_reset_makes_it_full() -> None:
    bucket = TokenBucket(5, 1, FakeClock())
    assert bucket.try_consume(4)
    assert not bucket.try_consume(2)
    assert bucket.tokens_available == 1
    bucket.reset()
    assert bucket.tokens_available == 5


def test_the_wall_clock_moves_nothing() -> None:
    clock = FakeClock()
    bucket = TokenBucket(5, 1, clock)
    bucket.try_consume(5)
    for hours in (1, -2):
        clock.shift_wall(timedelta(hours=hours))
        assert bucket.tokens_available == 0


@pytest.mark.parametrize(("capacity", "rate"), [(0, 1), (1, 0), (-1, 1)])
def test_a_bucket_that_could_never_give_is_refused(capacity: float, rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(capacity, rate, FakeClock())


@given(
    taken=st.floats(0, 1e9),
    amount=st.floats(0.001, 1e6),
    capacity=st.floats(1, 1e6),
    rate=st.floats(1e-5, 1e6),
)
def test_who_waits_as_told_is_let_in(taken: float, amount: float, capacity: float, rate: float) -> None:
    wait = wait_for(amount, taken, capacity, rate)
    left = taken_at(taken, rate, wait)
    assert wait_for(amount, left, capacity, rate) <= 1e-6 * max(1.0, wait)


def test_a_clock_that_goes_back_neither_gives_nor_takes() -> None:
    assert taken_at(7.0, 10.0, -3_600) == 7.0

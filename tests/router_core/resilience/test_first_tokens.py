"""How fast an upstream is thought to be, from the first tokens that came and those that did not."""

import pytest

from router_core.resilience.first_tokens import ENOUGH_FOR_PACE, FRESH_S, NEWEST, FirstTokens
from router_core.types import Pace


def times(*seconds: float, at: float = 0.0) -> FirstTokens:
    found = FirstTokens()
    for each in seconds:
        found.note(each, at)
    return found


def test_the_pace_is_the_median_of_the_newest_times() -> None:
    assert times(0.5, 0.1, 0.2, 0.9, 0.3).pace(0.0) == Pace(0.3, 5)


def test_too_few_times_are_no_pace() -> None:
    assert times(*[0.2] * (ENOUGH_FOR_PACE - 1)).pace(0.0) is None


def test_a_provider_that_became_slow_is_slow_after_half_of_the_newest() -> None:
    found = times(*[0.2] * 200)
    for _ in range(NEWEST // 2):
        found.note(3.0, 1.0)
    assert found.pace(1.0) == Pace(3.0, NEWEST)


def test_times_of_long_ago_are_no_pace() -> None:
    found = times(*[0.2] * 10)
    assert found.pace(FRESH_S) == Pace(0.2, 10)
    assert found.pace(FRESH_S + 0.1) is None


def test_a_first_token_that_did_not_come_counts_with_the_wait() -> None:
    found = times(*[0.2] * 10)
    for _ in range(11):
        found.note_in_vain(15.0, 1.0)
    assert found.pace(1.0) == Pace(15.0, NEWEST)


@pytest.mark.parametrize("waited", [0.05, 0.2])
def test_who_left_before_a_first_token_was_due_says_nothing(waited: float) -> None:
    found = times(*[0.2] * 5)
    found.note_in_vain(waited, 1.0)
    assert found.pace(1.0) == Pace(0.2, 5)


def test_waits_in_vain_alone_are_no_pace_and_do_not_delay_hedges() -> None:
    found = FirstTokens()
    for _ in range(30):
        found.note_in_vain(15.0, 1.0)
    assert found.pace(1.0) is None
    assert found.p95() is None

"""How fast money goes: by table, and never told of a spend that is slower than the rate."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.budgets.burn import LONGEST, RULES, SLOT, burns, pack_marks, slot_of, spend_marked, unpack_marks
from router_core.types import BudgetPeriod
from tests.support.fake_clock import START

HOUR = timedelta(hours=1)
LIMIT = 10_000


def _fires(period: BudgetPeriod, *spends: tuple[timedelta, int], limit: int = LIMIT) -> list[str]:
    """Return what is met now by amounts that were spent so long ago."""
    marks = spend_marked({}, [(START - ago, amount) for ago, amount in spends], START)
    return [each.rule.kind for each in burns(period, marks, sum(amount for _, amount in spends), limit, START)]


@pytest.mark.parametrize(
    ("period", "spends", "told"),
    [
        ("daily", [(timedelta(), 2_499)], []),
        ("daily", [(timedelta(), 2_500)], ["burn_fast"]),
        ("daily", [(timedelta(minutes=50), 1_500), (timedelta(), 1_000)], ["burn_fast"]),
        ("daily", [(timedelta(minutes=70), 1_500), (timedelta(), 1_000)], []),
        ("daily", [(2 * HOUR, 2_400), (HOUR, 2_400), (timedelta(), 200)], ["burn_slow"]),
        ("daily", [(timedelta(), 5_000)], ["burn_fast", "burn_slow"]),
        ("daily", [(4 * HOUR, 5_000), (timedelta(), 100)], []),
        ("daily", [(timedelta(), 10_000)], []),
        ("monthly", [(timedelta(), 199)], []),
        ("monthly", [(timedelta(), 200)], ["burn_fast"]),
        ("monthly", [(5 * HOUR, 190), (3 * HOUR, 190), (timedelta(), 120)], ["burn_slow"]),
        ("monthly", [(7 * HOUR, 490), (timedelta(), 120)], []),
    ],
)
def test_rules_are_met_at_their_rate(
    period: BudgetPeriod, spends: list[tuple[timedelta, int]], told: list[str]
) -> None:
    assert _fires(period, *spends) == told


def test_a_limit_of_nothing_has_nothing_to_burn() -> None:
    assert _fires("daily", (timedelta(), 1), limit=0) == []
    assert _fires("daily", limit=0) == []


def test_marks_of_long_ago_are_dropped_and_a_fast_clock_counts_as_now() -> None:
    marks = spend_marked({slot_of(START - LONGEST): 5, slot_of(START + HOUR): 7}, [(START + 9 * HOUR, 3)], START)
    assert marks == {slot_of(START): 3}
    assert spend_marked({}, [(START - LONGEST, 5), (START, 0)], START) == {}


def test_marks_are_kept_small_and_whole() -> None:
    every = [(START - number * SLOT, 10**15) for number in range(200)]
    marks = spend_marked({}, every, START)
    assert len(marks) == LONGEST // SLOT
    packed = pack_marks(marks)
    assert unpack_marks(packed) == marks
    assert len(packed) < 1_200
    assert unpack_marks(b"") == {}


SPENDS = st.lists(st.tuples(st.integers(0, 8 * 3600), st.integers(0, 3_000)), max_size=60)


@given(spends=SPENDS, period=st.sampled_from(["daily", "monthly"]))
def test_a_spend_below_the_rate_of_every_window_is_never_told(
    spends: list[tuple[int, int]], period: BudgetPeriod
) -> None:
    """What fires at a moment was really spent within the window that ends there."""
    timed = sorted((START + timedelta(seconds=second), amount) for second, amount in spends)
    marks: dict[int, int] = {}
    spent = 0
    for moment, amount in timed:
        marks, spent = spend_marked(marks, [(moment, amount)], moment), spent + amount
        for burn in burns(period, marks, spent, LIMIT, moment):
            within = sum(each for at, each in timed if moment - burn.rule.window < at <= moment)
            assert 100 * within >= burn.rule.percent * LIMIT
            assert burn.spent <= within


@given(spends=SPENDS)
def test_it_does_not_matter_in_which_batches_and_order_spends_come_on_record(spends: list[tuple[int, int]]) -> None:
    timed = [(START - timedelta(seconds=second), amount) for second, amount in spends]
    one_by_one: dict[int, int] = {}
    for each in reversed(timed):
        one_by_one = spend_marked(one_by_one, [each], START)
    assert one_by_one == spend_marked({}, timed, START)


@given(minutes=st.integers(0, 54), amount=st.integers(2_500, 9_999))
def test_a_burst_within_a_window_is_told(minutes: int, amount: int) -> None:
    assert "burn_fast" in _fires("daily", (timedelta(minutes=minutes), amount))


def test_fast_windows_are_shorter_than_slow_ones_and_none_is_longer_than_marks_are_kept() -> None:
    for fast, slow in RULES.values():
        assert fast.window < slow.window <= LONGEST
        assert fast.percent < slow.percent

"""What is expected of every name that spends, and how a budget's period went so far."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from router_core.budgets.outlook import NameHours, Room, course_so_far, outlook_row

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
RUNNING = NOW.replace(minute=0)
DOLLAR = 1_000_000_000
EVEN = {RUNNING - timedelta(hours=number): DOLLAR for number in range(35 * 24 + 1)}


def name(timezone: str = "UTC", unpriced: dict[datetime, int] | None = None) -> NameHours:
    return NameHours(name="a", timezone=timezone, costs=EVEN, unpriced=unpriced or {})


def test_the_ends_of_day_and_month_are_expected_without_any_budget() -> None:
    row = outlook_row(name(), NOW, {})
    assert (row.day.spent, row.month.spent) == (13 * DOLLAR, (23 * 24 + 13) * DOLLAR)
    assert (row.day.ends, row.month.ends) == (datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert row.day.low <= row.day.expected <= row.day.high
    assert abs(row.day.expected - 24.5 * DOLLAR) < DOLLAR / 100
    assert abs(row.month.expected - 720.5 * DOLLAR) < DOLLAR
    assert (row.day.limit, row.day.exhausted_at) == (None, None)


def test_the_calendar_is_that_of_the_name() -> None:
    row = outlook_row(name("America/New_York"), NOW, {})
    assert row.day.ends == datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert row.day.spent == 8 * DOLLAR


def test_a_budget_is_used_up_when_what_counts_reaches_its_limit() -> None:
    row = outlook_row(name(), NOW, {"daily": Room(20 * DOLLAR, 13 * DOLLAR), "monthly": Room(10 * DOLLAR, DOLLAR)})
    assert row.day.limit == 20 * DOLLAR
    assert row.day.exhausted_at is not None
    assert abs(row.day.exhausted_at - (NOW + timedelta(hours=7))) < timedelta(minutes=5)
    assert row.month.exhausted_at is not None
    assert abs(row.month.exhausted_at - (NOW + timedelta(hours=9))) < timedelta(minutes=5)


def test_a_month_without_a_budget_says_when_a_supposed_limit_would_be_reached() -> None:
    now_spent = (23 * 24 + 13) * DOLLAR
    row = outlook_row(name(), NOW, {}, now_spent + 10 * DOLLAR)
    assert (row.month.limit, row.month.supposed, row.day.limit) == (now_spent + 10 * DOLLAR, True, None)
    assert row.month.exhausted_at is not None
    assert abs(row.month.exhausted_at - (NOW + timedelta(hours=10))) < timedelta(minutes=5)
    own = outlook_row(name(), NOW, {"monthly": Room(10 * DOLLAR, DOLLAR)}, 5 * DOLLAR)
    assert (own.month.limit, own.month.supposed) == (10 * DOLLAR, False)


def test_requests_without_a_price_are_those_of_this_month() -> None:
    row = outlook_row(name(unpriced={RUNNING: 2, NOW - timedelta(days=30): 5}), NOW, {})
    assert row.unpriced == 2


def test_a_period_s_course_goes_up_by_the_hour_and_ends_in_what_is_spent() -> None:
    starts = RUNNING - timedelta(hours=2)
    points = course_so_far({starts: 3, RUNNING: 4, starts - timedelta(hours=1): 99}, starts, NOW, 8)
    assert [(each.at, each.spent) for each in points] == [
        (starts, 0), (starts + timedelta(hours=1), 3), (RUNNING, 3), (NOW, 8),
    ]  # fmt: skip


def test_what_a_later_budget_does_not_count_is_what_was_spent_first() -> None:
    starts = RUNNING - timedelta(hours=3)
    hours = {starts: 50, starts + timedelta(hours=1): 30, starts + timedelta(hours=2): 20}
    assert [each.spent for each in course_so_far(hours, starts, NOW, 40)] == [0, 0, 20, 40, 40]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=40), st.integers(0, 10**13))
def test_a_course_never_goes_down_nor_beyond_what_is_spent(costs: list[int], spent: int) -> None:
    starts = RUNNING - timedelta(hours=len(costs) - 1)
    hours = {starts + timedelta(hours=number): cost for number, cost in enumerate(costs)}
    found = [each.spent for each in course_so_far(hours, starts, NOW, spent)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, spent)

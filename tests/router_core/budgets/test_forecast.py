"""Forecasts of spending: never below what is spent, ordered, and by the shape of the past."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.budgets.forecast import Forecast, forecast

UTC_ZONE = ZoneInfo("UTC")
MONTH, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
DOLLAR = 1_000_000_000


def hours_of(days: int, cost: int, until: datetime, only: range = range(24)) -> dict[datetime, int]:
    """Return the same cost in every hour of ``only`` for ``days`` whole days before ``until``."""
    hours = (until - timedelta(hours=number) for number in range(1, days * 24 + 1))
    return {hour: cost for hour in hours if hour.hour in only}


def ask(history: dict[datetime, int], now: datetime, spent: int, limit: int | None = None) -> Forecast:
    return forecast(history=history, now=now, end=END, spent=spent, limit=limit, zone=UTC_ZONE)


def test_even_spending_goes_on_evenly() -> None:
    now = MONTH + timedelta(days=10)
    found = ask(hours_of(30, DOLLAR, now), now, 240 * DOLLAR)
    assert found.basis == "hour_of_week"
    assert found.expected == pytest.approx(720 * DOLLAR, rel=0.01)
    assert found.low < found.expected < found.high


def test_a_night_without_traffic_is_expected_without_traffic() -> None:
    now = datetime(2026, 11, 30, 18, tzinfo=UTC)
    found = ask(hours_of(20, DOLLAR, now, range(8, 18)), now, 100 * DOLLAR)
    assert found.expected - 100 * DOLLAR < 0.5 * DOLLAR


def test_a_limit_is_reached_when_the_path_says() -> None:
    now = MONTH + timedelta(days=10)
    found = ask(hours_of(30, DOLLAR, now), now, 240 * DOLLAR, limit=264 * DOLLAR)
    assert found.exhausted_at is not None
    assert abs(found.exhausted_at - (now + timedelta(days=1))) < timedelta(hours=3)
    assert ask(hours_of(30, DOLLAR, now), now, 240 * DOLLAR, limit=10_000 * DOLLAR).exhausted_at is None
    assert ask({}, now, 5, limit=5).exhausted_at == now


def test_without_a_past_nothing_more_is_expected() -> None:
    found = ask({}, MONTH, 7)
    assert (found.basis, found.low, found.expected, found.high) == ("none", 7, 7, 7)


@pytest.mark.parametrize(("days", "basis"), [(1, "level"), (3, "hour_of_day"), (20, "hour_of_week")])
def test_how_much_past_there_was_is_told(days: int, basis: str) -> None:
    now = MONTH + timedelta(days=20)
    assert ask(hours_of(days, DOLLAR, now), now, 0).basis == basis


def test_growth_of_the_last_days_is_followed() -> None:
    now = MONTH + timedelta(days=10)
    calm, busy = hours_of(30, DOLLAR, now), hours_of(5, 3 * DOLLAR, now)
    assert ask(calm | busy, now, 0).expected > 1.8 * ask(calm, now, 0).expected


def test_at_the_end_of_a_period_there_is_nothing_left_to_come() -> None:
    found = ask(hours_of(30, DOLLAR, END), END, 700)
    assert (found.low, found.expected, found.high) == (700, 700, 700)


def test_days_of_23_and_25_hours_do_no_harm() -> None:
    zone = ZoneInfo("Europe/Berlin")
    for day in (datetime(2026, 3, 29, 5, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)):
        found = forecast(
            history=hours_of(20, DOLLAR, day), now=day, end=day + timedelta(days=1), spent=0, limit=None, zone=zone
        )
        assert found.expected == pytest.approx(24 * DOLLAR, rel=0.05)


COSTS = st.dictionaries(
    st.integers(1, 24 * 40).map(lambda ago: MONTH + timedelta(days=9) - timedelta(hours=ago)), st.integers(0, 10**12),
    max_size=200,
)  # fmt: skip


@given(COSTS, st.integers(0, 24 * 21 * 60), st.integers(0, 10**13), st.none() | st.integers(0, 10**13))
def test_a_forecast_is_ordered_and_never_below_what_is_spent(
    history: dict[datetime, int], minutes: int, spent: int, limit: int | None
) -> None:
    now = MONTH + timedelta(days=9, minutes=minutes)
    found = ask(history, now, spent, limit)
    lows, middles, highs = zip(*((each.low, each.expected, each.high) for each in found.path), strict=True)
    for line in (lows, middles, highs):
        assert list(line) == sorted(line)
    assert all(spent <= low <= middle <= high for low, middle, high in zip(lows, middles, highs, strict=True))
    if limit is not None and found.exhausted_at is not None:
        assert now <= found.exhausted_at <= END
    if limit is not None and found.exhausted_at is None:
        assert found.expected <= limit + 1


@given(COSTS, st.integers(2, 1_000))
def test_ten_times_the_spending_is_ten_times_the_forecast(history: dict[datetime, int], factor: int) -> None:
    now = MONTH + timedelta(days=9)
    one, many = ask(history, now, 0), ask({hour: cost * factor for hour, cost in history.items()}, now, 0)
    assert many.expected == pytest.approx(one.expected * factor, rel=1e-6, abs=factor * 800)

"""Calendar days and months: changes of the clock, zones without midnight, short and long months."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.budgets.periods import period_at, period_of
from router_core.types import BudgetPeriod


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone", "moment", "key", "start", "end"),
    [
        ("daily", "UTC", "2026-11-24T12:00", "2026-11-24", "2026-11-24T00:00", "2026-11-25T00:00"),
        ("daily", "UTC", "2026-11-24T00:00", "2026-11-24", "2026-11-24T00:00", "2026-11-25T00:00"),
        ("daily", "UTC", "2026-11-23T23:59:59.999999", "2026-11-23", "2026-11-23T00:00", "2026-11-24T00:00"),
        # A day of 23 hours, and one of 25.
        ("daily", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("daily", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("daily", "America/New_York", "2026-03-08T12:00", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00"),
        # Midnight does not exist: the day begins with the change of the clock.
        ("daily", "America/Santiago", "2026-09-06T04:00", "2026-09-06", "2026-09-06T04:00", "2026-09-07T03:00"),
        ("daily", "America/Santiago", "2026-09-06T03:59:59", "2026-09-05", "2026-09-05T04:00", "2026-09-06T04:00"),
        # Midnight comes twice: the day begins with the first.
        ("daily", "America/Havana", "2026-11-01T12:00", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),
        # A day was skipped: the one before it ends where the one after it begins.
        ("daily", "Pacific/Apia", "2011-12-30T09:00", "2011-12-29", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("daily", "Pacific/Apia", "2011-12-30T10:00", "2011-12-31", "2011-12-30T10:00", "2011-12-31T10:00"),
        ("daily", "Asia/Kolkata", "2026-11-24T18:30", "2026-11-25", "2026-11-24T18:30", "2026-11-25T18:30"),
        ("daily", "UTC", "2028-02-29T06:00", "2028-02-29", "2028-02-29T00:00", "2028-03-01T00:00"),
        ("monthly", "UTC", "2026-01-31T23:00", "2026-01", "2026-01-01T00:00", "2026-02-01T00:00"),
        ("monthly", "UTC", "2026-02-28T23:00", "2026-02", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("monthly", "UTC", "2028-02-29T23:00", "2028-02", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("monthly", "UTC", "2026-12-31T23:59:59", "2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("monthly", "Europe/Berlin", "2026-10-31T23:30", "2026-11", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("monthly", "Pacific/Kiritimati", "2026-12-31T10:00", "2027-01", "2026-12-31T10:00", "2027-01-31T10:00"),
    ],
)
def test_a_moment_lies_in_the_day_and_month_of_its_zone(
    period: BudgetPeriod, zone: str, moment: str, key: str, start: str, end: str
) -> None:
    span = period_at(period, zone, _utc(moment))
    assert (span.key, span.start, span.end) == (key, _utc(start), _utc(end))


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu",
     "Africa/Cairo", "Asia/Beirut", "America/Asuncion", "Pacific/Apia"]
)  # fmt: skip


@given(st.integers(946_684_800, 2_208_988_800).map(lambda each: datetime.fromtimestamp(each, UTC)), ZONES)
def test_every_moment_lies_in_the_period_that_it_is_given(moment: datetime, zone: str) -> None:
    for period in ("daily", "monthly"):
        span = period_at(period, zone, moment)
        assert span.start <= moment < span.end
        assert period_at(period, zone, span.start).key == span.key
        assert period_at(period, zone, span.end).start == span.end
        assert period_at(period, zone, span.end - timedelta(microseconds=1)).key == span.key


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), ZONES)
def test_days_follow_each_other_without_a_gap(day: date, zone: str) -> None:
    assert period_of("daily", zone, day).end == period_of("daily", zone, day + timedelta(days=1)).start

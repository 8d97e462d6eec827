"""Calendar days and months of a time zone: derived when they are needed, never reset by a job."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from router_core.types import BudgetPeriod

__all__ = ["PeriodSpan", "period_at", "period_of"]

_ZONES = 1_024
_MONTHS = 12


class PeriodSpan(Struct, frozen=True):
    """One day or month: ``key`` names it (``2026-11-24``, ``2026-11``), UTC ``start`` is in it, ``end`` is not."""

    key: str
    start: datetime
    end: datetime


def period_at(period: BudgetPeriod, timezone: str, moment: datetime) -> PeriodSpan:
    """Return the period of ``timezone``'s calendar in which ``moment`` lies. Raises ``ZoneInfoNotFoundError``."""
    local = moment.astimezone(_zone(timezone)).date()
    return period_of(period, timezone, local)


def period_of(period: BudgetPeriod, timezone: str, day: date) -> PeriodSpan:
    """Return the period that ``day`` belongs to. Raises ``ZoneInfoNotFoundError``."""
    zone = _zone(timezone)
    if period == "daily":
        return PeriodSpan(day.isoformat(), _first_instant(day, zone), _first_instant(day + timedelta(days=1), zone))
    first = day.replace(day=1)
    after = date(first.year + first.month // _MONTHS, first.month % _MONTHS + 1, 1)
    return PeriodSpan(f"{first:%Y-%m}", _first_instant(first, zone), _first_instant(after, zone))


def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Return when ``day`` begins. Where midnight does not exist that is the moment of the change, and of two midnights
    it is the first: both are what ``fold=0`` means.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=_ZONES)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)

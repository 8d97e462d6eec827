"""Moments as people write them: ISO 8601, in a time that stores and calendars can count with."""

from datetime import UTC, datetime
from typing import Final

__all__ = ["parse_instant"]

_FIRST_YEAR: Final = 1971
_LAST_YEAR: Final = 2999


def parse_instant(text: str) -> datetime:
    """Return the moment in UTC, or without a zone where ``text`` names none.

    Raises :class:`ValueError` for anything that is no ISO 8601 time or date of the years 1971 to 2999.
    """
    moment = datetime.fromisoformat(text)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"the year must lie within {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment if moment.tzinfo is None else moment.astimezone(UTC)

"""How long a provider asks us to wait, from headers or, where OpenAI says it nowhere else, from its message."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["MAX_WAIT_MS", "retry_after_ms"]

MAX_WAIT_MS = 24 * 3600 * 1000
_UNIT_MS = {"ms": 1.0, "s": 1_000.0, "m": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
_SPOKEN_WAIT = re.compile(
    r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)(?![a-z])", re.IGNORECASE
)
_STEP = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.IGNORECASE)


def retry_after_ms(status: int, headers: Mapping[str, str], message: str, now: datetime) -> int | None:
    """Return the wait in milliseconds, None when none is given, it makes no sense or ``status`` is not 429 or 5xx.

    Waits are cut at ``MAX_WAIT_MS``: whoever is asked to wait longer gives up all the same.
    """
    if status != 429 and status < 500:
        return None
    wait = _number(headers.get("retry-after-ms"), 1.0)
    if wait is None:
        wait = _number(headers.get("retry-after"), 1_000.0)
    if wait is None:
        wait = _date(headers.get("retry-after"), now)
    if wait is None and status == 429:
        wait = _spoken(message)
    return None if wait is None or wait <= 0 else math.ceil(min(wait, MAX_WAIT_MS))


def _number(text: str | None, unit_ms: float) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value * unit_ms if math.isfinite(value) else None


def _date(text: str | None, now: datetime) -> float | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds() * 1_000


def _spoken(message: str) -> float | None:
    found = _SPOKEN_WAIT.search(message)
    if found is None:
        return None
    return sum(float(count) * _UNIT_MS[unit.lower()] for count, unit in _STEP.findall(found.group(1)))

"""What people name on the command line, found: moments, and accounts by name or id."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from router_core.errors import NotFoundError
from router_core.instants import parse_instant
from signalbox.administration import find_account
from signalbox.faults import UsageFault
from signalbox.store import Store

__all__ = ["given_account", "given_end", "given_moment", "given_seconds"]

_SPAN: Final = re.compile(r"([0-9]{1,9})([smhd]?)")
_UNIT_S: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S: Final = 100 * 366 * 86_400


def given_moment(name: str, text: str | None) -> datetime | None:
    """Return the moment of the option ``name``, in UTC where it says no zone. Raises :class:`UsageFault`."""
    if text is None:
        return None
    try:
        moment = parse_instant(text)
    except ValueError:
        raise UsageFault(f"{name} must be an ISO 8601 time or date of the years 1971 to 2999") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def given_seconds(name: str, text: str) -> int:
    """Return the seconds of a length of time such as ``30m``, ``24h`` or ``7d``. Raises :class:`UsageFault`."""
    found = _SPAN.fullmatch(text.strip())
    seconds = -1 if found is None else int(found[1]) * _UNIT_S[found[2]]
    if not 0 <= seconds <= _LONGEST_S:
        raise UsageFault(f"{name} must be a length of time such as 30m, 24h or 7d")
    return seconds


def given_end(name: str, text: str | None, now: datetime) -> datetime | None:
    """Return the moment of the option ``name``, or so long after ``now``. Raises :class:`UsageFault`."""
    if text is not None and _SPAN.fullmatch(text.strip()) and not text.strip().isdigit():
        return now + timedelta(seconds=given_seconds(name, text))
    return given_moment(name, text)


async def given_account(store: Store, named: str) -> str:
    """Return the id of the account of that id or name. Raises :class:`UsageFault` when there is none."""
    known = await store.accounts.by_id(named)
    if known is not None:
        return known.id
    try:
        return (await find_account(store.accounts, named)).id
    except NotFoundError as error:
        raise UsageFault(error.message) from None

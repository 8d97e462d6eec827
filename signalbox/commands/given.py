"""What people name on the command line, found: moments, and accounts by name or id."""

from datetime import UTC, datetime

from router_core.errors import NotFoundError
from router_core.instants import parse_instant
from signalbox.administration import find_account
from signalbox.faults import UsageFault
from signalbox.store import Store

__all__ = ["given_account", "given_moment"]


def given_moment(name: str, text: str | None) -> datetime | None:
    """Return the moment of the option ``name``, in UTC where it says no zone. Raises :class:`UsageFault`."""
    if text is None:
        return None
    try:
        moment = parse_instant(text)
    except ValueError:
        raise UsageFault(f"{name} must be an ISO 8601 time or date of the years 1971 to 2999") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


async def given_account(store: Store, named: str) -> str:
    """Return the id of the account of that id or name. Raises :class:`UsageFault` when there is none."""
    known = await store.accounts.by_id(named)
    if known is not None:
        return known.id
    try:
        return (await find_account(store.accounts, named)).id
    except NotFoundError as error:
        raise UsageFault(error.message) from None

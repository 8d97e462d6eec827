"""A range of time in a page's address: ``from`` and ``to`` in ISO 8601, UTC where they name no zone."""

from datetime import UTC, datetime

import streamlit as st

from router_core.errors import ValidationError
from router_core.instants import parse_instant

__all__ = ["forget_range", "iso_utc", "keep_range", "range_in_address"]


def range_in_address() -> tuple[datetime, datetime] | None:
    """Return the range that the address names, None where it names none. Raises :class:`ValidationError`."""
    since, until = _moment("from"), _moment("to")
    return (since, until) if since is not None and until is not None and since < until else None


def keep_range(since: datetime, until: datetime) -> None:
    """Write the range into the address."""
    st.query_params["from"], st.query_params["to"] = iso_utc(since), iso_utc(until)


def forget_range() -> None:
    """Take the range out of the address."""
    for name in ("from", "to"):
        st.query_params.pop(name, None)


def iso_utc(when: datetime) -> str:
    """Return ``when`` to the second, as in ``2026-03-01T12:00:00Z``."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _moment(name: str) -> datetime | None:
    text = st.query_params.get(name)
    if not text:
        return None
    try:
        found = parse_instant(text)
    except ValueError:
        raise ValidationError(f"{name} in the address is no ISO time", field=name) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found

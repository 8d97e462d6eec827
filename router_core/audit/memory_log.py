"""An audit log in memory, for a process without a database."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from router_core.errors import ValidationError
from router_core.types import AuditChoices, AuditCount, AuditDetail, AuditEntry, AuditFilter, AuditPage

__all__ = ["MemoryAuditLog"]

CAPACITY: Final = 10_000
_CURSOR: Final = re.compile(r"([on])(\d{1,17})\.(\d{1,15})")
_WORD: Final = re.compile(r"\w+")
_FIELDS: Final = {"account": "account_id"}
_TESTED: Final = (
    "account", "api_key", "user", "use_case", "provider", "model", "status", "event", "error_code", "request_id",
)  # fmt: skip


class MemoryAuditLog:
    """Keeps the newest 10,000 rows; an :class:`AuditReader`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._rows: dict[str, AuditDetail] = {}

    def add(self, row: AuditDetail) -> None:
        """Keep ``row``; the oldest one makes room."""
        self._rows[row.entry.id] = row
        if len(self._rows) > self._capacity:
            del self._rows[next(iter(self._rows))]

    async def page(
        self, wanted: AuditFilter, *, limit: int, cursor: str | None = None, oldest: bool = False
    ) -> AuditPage:
        """Return one page. Raises :class:`ValidationError` for a cursor that is none of ours."""
        rows = self._matching(wanted)
        place = None if cursor is None else _CURSOR.fullmatch(cursor)
        if cursor is not None and place is None:
            raise ValidationError("cursor is not one of ours", field="cursor")
        newest_first = not oldest if place is None else place[1] == "o"
        if place is not None:
            at = (int(place[2]), int(place[3]))
            rows = [each for each in rows if (_key(each) < at) == newest_first and _key(each) != at]
        chosen = rows[:limit] if newest_first else rows[-limit:]
        more, came = len(rows) > limit, place is not None
        return AuditPage(
            entries=tuple(chosen),
            older=_cursor("o", chosen[-1:]) if (more if newest_first else came) else None,
            newer=_cursor("n", chosen[:1]) if (came if newest_first else more) else None,
        )

    async def count(self, wanted: AuditFilter) -> AuditCount:
        """Return how many rows match."""
        return AuditCount(len(self._matching(wanted)), capped=False)

    async def detail(self, entry_id: str, accounts: Sequence[str] | None) -> AuditDetail | None:
        """Return everything that is kept of a row, None when there is none that ``accounts`` may see."""
        found = self._rows.get(entry_id)
        return None if found is None or (accounts is not None and found.entry.account_id not in accounts) else found

    async def choices(self, accounts: Sequence[str] | None) -> AuditChoices:
        """Return what can be filtered by."""
        seen = [each.entry for each in self._rows.values() if accounts is None or each.entry.account_id in accounts]

        def values(name: str) -> tuple[str, ...]:
            return tuple(sorted({value for each in seen if (value := getattr(each, name)) is not None}))

        return AuditChoices(
            accounts=values("account_id"),
            api_keys=values("api_key"),
            users=values("user"),
            use_cases=values("use_case"),
            providers=values("provider"),
            models=values("model"),
            events=values("event"),
        )

    def _matching(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Return what matches, newest first."""
        found = [each.entry for each in self._rows.values() if _fits(each, wanted)]
        return sorted(found, key=_key, reverse=True)


def _fits(row: AuditDetail, wanted: AuditFilter) -> bool:
    entry = row.entry
    if not wanted.since <= entry.at < wanted.until:
        return False
    if wanted.accounts is not None and entry.account_id not in wanted.accounts:
        return False
    for name in _TESTED:
        asked = getattr(wanted, name)
        if asked is not None and getattr(entry, _FIELDS.get(name, name)) != asked:
            return False
    return wanted.text is None or _words(wanted.text) <= _words(msgspec.json.encode(row).decode())


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _key(entry: AuditEntry) -> tuple[int, int]:
    return _micros(entry.at), entry.position


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _cursor(side: str, entries: Sequence[AuditEntry]) -> str | None:
    return f"{side}{_micros(entries[0].at)}.{entries[0].position}" if entries else None

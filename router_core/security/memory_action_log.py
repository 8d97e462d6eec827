"""What operators did, in memory: for a process without a database."""

from collections.abc import Sequence
from typing import get_args

from router_core.ports.keeping import as_kept, refuse
from router_core.types import REQUEST_EVENT, OperatorAction, Role

__all__ = ["MemoryActionLog"]


class MemoryActionLog:
    """Keeps actions; an :class:`ActionLog`."""

    def __init__(self) -> None:
        self._rows: dict[str, OperatorAction] = {}

    async def append(self, action: OperatorAction) -> None:
        """Store ``action``. Raises :class:`ValidationError` when its id is taken or a value is not allowed."""
        row = as_kept(action)
        refuse(not row.id, "id", "is not allowed")
        refuse(row.action in ("", REQUEST_EVENT), "action", "is not allowed")
        refuse(row.role is not None and row.role not in get_args(Role), "role", "is not allowed")
        refuse(row.id in self._rows, "id", "is already taken")
        self._rows[row.id] = row

    async def recent(self, limit: int, about: Sequence[str] = ()) -> Sequence[OperatorAction]:
        """Return at most ``limit`` actions, newest first: all, or those ``about`` what their verbs begin with."""
        found = [row for row in self._rows.values() if not about or row.action.partition(".")[0] in about]
        return sorted(found, key=lambda row: (row.at, row.id), reverse=True)[:limit]

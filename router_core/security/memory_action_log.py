"""What operators did, in memory: for a process without a database."""

from collections.abc import Sequence
from typing import get_args

from router_core.clock import Clock
from router_core.ports.keeping import ACTIONS_KEPT, SweepPace, as_kept, refuse
from router_core.types import OperatorAction, Role

__all__ = ["MemoryActionLog"]


class MemoryActionLog:
    """Keeps actions for 90 days; an :class:`ActionLog`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = SweepPace(clock)
        self._rows: dict[str, OperatorAction] = {}

    async def append(self, action: OperatorAction) -> None:
        """Store ``action``. Raises :class:`ValidationError` when its id is taken or a value is not allowed."""
        row = as_kept(action)
        refuse(not row.id, "id", "is not allowed")
        refuse(not row.action, "action", "is not allowed")
        refuse(row.role is not None and row.role not in get_args(Role), "role", "is not allowed")
        refuse(row.id in self._rows, "id", "is already taken")
        self._rows[row.id] = row
        if self._pace.due():
            oldest = self._clock.utcnow() - ACTIONS_KEPT
            self._rows = {id: row for id, row in self._rows.items() if row.at >= oldest}

    async def recent(self, limit: int) -> Sequence[OperatorAction]:
        """Return at most ``limit`` actions, newest first."""
        return sorted(self._rows.values(), key=lambda row: (row.at, row.id), reverse=True)[:limit]

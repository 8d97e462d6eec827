"""The uptime of providers, in memory: for a process without a database."""

from collections.abc import Sequence
from datetime import datetime

from router_core.clock import Clock
from router_core.ports import HealthSlot
from router_core.ports.keeping import SLOTS_KEPT, SweepPace, as_kept, refuse

__all__ = ["MemoryHealthHistory"]


class MemoryHealthHistory:
    """Keeps slots for 40 days; a :class:`HealthHistory`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = SweepPace(clock)
        self._slots: dict[tuple[datetime, str], HealthSlot] = {}

    async def add(self, slots: Sequence[HealthSlot]) -> None:
        """Add the signs of ``slots`` to what is kept, all or none of them.

        Raises :class:`ValidationError` for negative counts.
        """
        for row in [_checked(slot) for slot in slots]:
            key = (row.start, row.provider)
            old = self._slots.get(key)
            good, bad = (0, 0) if old is None else (old.good, old.bad)
            self._slots[key] = HealthSlot(
                provider=row.provider, start=row.start, good=good + row.good, bad=bad + row.bad
            )
        if slots and self._pace.due():
            oldest = self._clock.utcnow() - SLOTS_KEPT
            self._slots = {key: row for key, row in self._slots.items() if row.start >= oldest}

    async def since(self, start: datetime) -> Sequence[HealthSlot]:
        """Return the slots that start at ``start`` or later, oldest first."""
        return [row for (at, _), row in sorted(self._slots.items()) if at >= start]


def _checked(slot: HealthSlot) -> HealthSlot:
    row = as_kept(slot)
    refuse(not row.provider, "provider", "is not allowed")
    refuse(row.good < 0, "good", "is not allowed")
    refuse(row.bad < 0, "bad", "is not allowed")
    return row

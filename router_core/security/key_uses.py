"""When API keys were last used: noted in memory on the path of a request, written elsewhere, a batch at a time."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from router_core.clock import Clock

__all__ = ["KeyUses"]


class KeyUses:
    """Collects the newest use of each key, so it holds one figure for each key in use. It belongs to one event loop."""

    __slots__ = ("_clock", "_seen")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}

    def note(self, key_id: str) -> None:
        """Note that the key is used now."""
        self._seen[key_id] = self._clock.now()

    def take(self) -> Mapping[str, datetime]:
        """Return the uses since the last time, each to the minute, and forget them."""
        seen, self._seen = self._seen, {}
        wall, now = self._clock.utcnow(), self._clock.now()
        return {id: _minute(wall - timedelta(seconds=now - at)) for id, at in seen.items()}

    def give_back(self, uses: Mapping[str, datetime]) -> None:
        """Remember ``uses`` that could not be written; newer ones stay."""
        wall, now = self._clock.utcnow(), self._clock.now()
        for id, at in uses.items():
            self._seen.setdefault(id, now - (wall - at).total_seconds())


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)

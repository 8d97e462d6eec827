"""What this process has served and the store does not have yet, so that figures are right to the moment."""

from collections.abc import Collection
from typing import Final

from router_core.types import RequestEvent

__all__ = ["READING_TRIES", "PendingEvents"]

# A longer backlog is told by the recorder's own figures; memory stays bounded.
MOST_KEPT: Final = 20_000
# How often a reader begins anew because the store took events while it read.
READING_TRIES: Final = 3


class PendingEvents:
    """Keeps events from their end until the store has them. It belongs to one event loop.

    ``version`` changes whenever the store has taken some: who reads the store between two equal versions has counted
    every event once.
    """

    __slots__ = ("_events", "version")

    def __init__(self) -> None:
        self._events: dict[str, RequestEvent] = {}
        self.version = 0

    def add(self, event: RequestEvent) -> None:
        """``event`` is over, and not in the store."""
        if len(self._events) < MOST_KEPT:
            self._events[event.id] = event

    def settled(self, ids: Collection[str]) -> None:
        """The store has these."""
        self.version += 1
        for each in ids:
            self._events.pop(each, None)

    def events(self) -> list[RequestEvent]:
        """Return what the store does not have, oldest first."""
        return list(self._events.values())

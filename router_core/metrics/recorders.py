"""Recorders that keep or pass on events."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from router_core.ports import Recorder
from router_core.types import RequestEvent

__all__ = ["FanOutRecorder", "RecentEvents"]

DEFAULT_CAPACITY = 1_000


class FanOutRecorder:
    """Passes each event to several recorders, in order."""

    __slots__ = ("_recorders",)

    def __init__(self, *recorders: Recorder) -> None:
        self._recorders = recorders

    def record(self, event: RequestEvent) -> None:
        """Pass ``event`` on."""
        for recorder in self._recorders:
            recorder.record(event)


class RecentEvents:
    """Keeps the newest ``capacity`` events in memory."""

    __slots__ = ("_events",)

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._events: deque[RequestEvent] = deque(maxlen=capacity)

    def record(self, event: RequestEvent) -> None:
        """Keep ``event``; the oldest one makes room."""
        self._events.append(event)

    def recent(self, limit: int, accounts: Sequence[str] | None) -> Sequence[RequestEvent]:
        """Return at most ``limit`` events, newest first; ``accounts`` None means all."""
        seen = (each for each in reversed(self._events) if accounts is None or each.account_id in accounts)
        return list(islice(seen, limit))

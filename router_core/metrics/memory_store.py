"""What was counted, in memory: for a process without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime

from router_core.metrics.measures import Measures
from router_core.ports import StoredMeasures
from router_core.types import RequestEvent

__all__ = ["MemoryMetricsStore"]


class MemoryMetricsStore:
    """Keeps every event that it is given; a :class:`MetricsStore`."""

    def __init__(self, began: datetime) -> None:
        self._epochs = [began]
        self._events: list[RequestEvent] = []

    def add(self, event: RequestEvent) -> None:
        """Count ``event``."""
        self._events.append(event)

    async def steps(self, span: int, since: datetime) -> Sequence[StoredMeasures]:
        """Return the steps of ``span`` seconds that begin at ``since`` or later."""
        found = []
        for event in self._events:
            seconds = int(event.timestamp.timestamp())
            start = datetime.fromtimestamp(seconds - seconds % span, UTC)
            if start >= since:
                found.append(_measured(event, start))
        return found

    async def totals(self, *, since_reset: bool) -> Sequence[StoredMeasures]:
        """Return what was counted since the last reset, or ever."""
        started = self._epochs[-1]
        first = len(self._epochs) == 1
        return [
            _measured(event, None) for event in self._events if first or not since_reset or event.timestamp >= started
        ]

    async def epoch_start(self) -> datetime:
        """Return when the metrics were reset last."""
        return self._epochs[-1]

    async def begin_epoch(self, at: datetime, actor: str) -> None:  # noqa: ARG002 - the database keeps it
        """Reset: what ends from ``at`` on is counted anew."""
        self._epochs.append(at)


def _measured(event: RequestEvent, start: datetime | None) -> StoredMeasures:
    measures = Measures()
    measures.add(event)
    return StoredMeasures(
        start, event.provider or "", event.model or "", event.use_case, tuple(measures.counts), measures.packed()
    )

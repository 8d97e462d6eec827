"""What was counted, in memory: for a process without a database."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from router_core.metrics.measures import Measures
from router_core.metrics.step_sums import floor_step
from router_core.ports import StoredMeasures
from router_core.types import MetricsFilter, NanoUSD, RequestEvent

__all__ = ["MemoryMetricsStore"]


class MemoryMetricsStore:
    """Keeps every event that it is given; a :class:`MetricsStore`."""

    def __init__(self, began: datetime) -> None:
        self._epochs = [began]
        self._events: list[RequestEvent] = []

    def add(self, event: RequestEvent) -> None:
        """Count ``event``."""
        self._events.append(event)

    async def step_stamps(self, span: int, since: datetime, chosen: MetricsFilter) -> dict[datetime, tuple[int, int]]:
        """Return a stamp for each step that begins at ``since`` or later."""
        counted = Counter(floor_step(event.timestamp, span) for event in self._events if chosen.takes(event))
        return {start: (count, count) for start, count in counted.items() if start >= since}

    async def steps(self, span: int, starts: Collection[datetime], chosen: MetricsFilter) -> Sequence[StoredMeasures]:
        """Return the steps that begin at ``starts``."""
        placed = ((event, floor_step(event.timestamp, span)) for event in self._events if chosen.takes(event))
        return [_measured(event, start) for event, start in placed if start in starts]

    async def cost_since(self, moment: datetime) -> NanoUSD:
        """Return what requests cost since ``moment``."""
        return sum(event.cost or 0 for event in self._events if event.timestamp >= moment)

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

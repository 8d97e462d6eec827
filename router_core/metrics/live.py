"""Figures over windows: what the store has of all processes, and what this one has served since."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import OverloadedError
from router_core.metrics.measures import COUNTS, Measures
from router_core.metrics.overlay import PendingEvents
from router_core.ports import MetricsStore, StoredMeasures
from router_core.types import MetricPoint, MetricRow, MetricsReport, MetricsWindow, MetricTotals, NanoUSD, RequestEvent

__all__ = ["WINDOWS", "Cell", "LiveMetrics", "SinceReset"]

# Width of a step and number of steps.
WINDOWS: Final = MappingProxyType[MetricsWindow, tuple[int, int]](
    {"5m": (60, 5), "15m": (60, 15), "1h": (60, 60), "6h": (600, 36), "24h": (600, 144), "7d": (3600, 168)}
)
_TRIES: Final = 3
_BLANK: Final = MetricTotals()


class Cell(Struct, frozen=True):
    """What was counted of one provider, model and use case in one step."""

    start: datetime | None
    provider: str
    model: str
    use_case: str
    measures: Measures


class SinceReset(Struct, frozen=True, kw_only=True):
    """Everything since the last reset, by provider."""

    since: datetime
    as_of: datetime
    totals: MetricTotals
    providers: dict[str, MetricTotals]


class _Reading(Struct, frozen=True):
    stored: Sequence[StoredMeasures]
    pending: Sequence[RequestEvent]
    as_of: datetime


class LiveMetrics:
    """Answers for all processes: itself to the moment, others as far as the store has them; a :class:`MetricsReader`.

    While the store is out of reach it answers with what it read last, and ``as_of`` says so. ``load`` tells requests
    and streams under way.
    """

    def __init__(
        self, store: MetricsStore, pending: PendingEvents, clock: Clock, load: Callable[[], tuple[int, int]]
    ) -> None:
        self._store = store
        self._pending = pending
        self._clock = clock
        self._load = load
        self._last: dict[str, tuple[Sequence[StoredMeasures], datetime]] = {}
        self._epoch: datetime | None = None

    async def report(self, window: MetricsWindow, *, use_case: str | None = None) -> MetricsReport:
        """Return the figures of ``window``, of one use case where it is given. Raises :class:`OverloadedError`."""
        span, count = WINDOWS[window]
        now = self._clock.utcnow()
        last = _floor(now, span)
        first = last - timedelta(seconds=span * (count - 1))
        before = first - timedelta(seconds=span * count)
        reading = await self._read(window, lambda: self._store.steps(span, before))
        load = self._load()
        # Thousands of sketches are added up: in a thread, since requests are served on this loop.
        return await asyncio.to_thread(_report, reading, window, (before, first, last), use_case, load)

    async def since_reset(self) -> SinceReset:
        """Return everything since the last reset, by provider. Raises :class:`OverloadedError`."""
        reading = await self._read("since reset", lambda: self._store.totals(since_reset=True))
        started = await self._epoch_start()
        cells = [each for each in _cells(reading, None) if each.start is None or each.start >= started]
        grouped = _grouped(cells, lambda cell: cell.provider)
        return SinceReset(
            since=started,
            as_of=reading.as_of,
            totals=_sum(cells).totals(),
            providers={name: _sum(found).totals() for name, found in sorted(grouped.items())},
        )

    async def spent_since(self, moment: datetime) -> NanoUSD:
        """Return what requests cost since ``moment``, the beginning of an hour. Raises :class:`OverloadedError`."""
        reading = await self._read("spent", lambda: self._store.steps(3600, moment))
        pending = sum(event.cost or 0 for event in reading.pending if event.timestamp >= moment)
        place = COUNTS.index("cost")
        kept = (each for each in reading.stored if each.start is not None and each.start >= moment)
        return pending + sum(each.counts[place] for each in kept)

    async def ever(self) -> list[Cell]:
        """Return what the store has counted since it began: figures that never go back, whichever process answers.

        Raises :class:`OverloadedError`.
        """
        reading = await self._read("ever", lambda: self._store.totals(since_reset=False))
        return _merged(_stored_cells(reading.stored))

    async def reset(self, actor: str) -> datetime:
        """Count anew from now on; return now. Raises :class:`OverloadedError`."""
        now = self._clock.utcnow()
        await self._store.begin_epoch(now, actor)
        self._epoch = now
        return now

    async def _epoch_start(self) -> datetime:
        try:
            self._epoch = await self._store.epoch_start()
        except OverloadedError:
            if self._epoch is None:
                raise
        return self._epoch

    async def _read(self, name: str, query: Callable[[], Awaitable[Sequence[StoredMeasures]]]) -> _Reading:
        """Read store and pending events so that no event is counted twice or missed."""
        for _ in range(_TRIES):
            version, pending = self._pending.version, self._pending.events()
            try:
                stored = await query()
            except OverloadedError:
                if name not in self._last:
                    raise
                return _Reading(self._last[name][0], pending, self._last[name][1])
            if version == self._pending.version:
                break
        now = self._clock.utcnow()
        self._last[name] = (stored, now)
        return _Reading(stored, pending, now)


def _report(
    reading: _Reading,
    window: MetricsWindow,
    frame: tuple[datetime, datetime, datetime],
    use_case: str | None,
    load: tuple[int, int],
) -> MetricsReport:
    """Add up ``reading``; ``frame`` is where the window before, the window, and its last step begin."""
    span, count = WINDOWS[window]
    before, first, last = frame
    cells = [each for each in _cells(reading, span) if use_case in (None, each.use_case)]
    inside = [each for each in cells if each.start is not None and first <= each.start <= last]
    starts = [first + timedelta(seconds=span * step) for step in range(count)]
    steps = {start: _sum(found) for start, found in _by_start(inside).items()}
    whole = Measures()
    for step in steps.values():
        whole.merge(step)
    return MetricsReport(
        window=window,
        step_s=span,
        since=first,
        as_of=reading.as_of,
        totals=whole.totals(),
        previous=_sum(each for each in cells if each.start is not None and before <= each.start < first).totals(),
        series=tuple(MetricPoint(start, steps[start].totals() if start in steps else _BLANK) for start in starts),
        providers=_rows(inside, starts, lambda cell: cell.provider),
        models=_rows(inside, starts, lambda cell: cell.model),
        use_cases=_rows(inside, starts, lambda cell: cell.use_case),
        in_flight=load[0],
        streams=load[1],
    )


def _cells(reading: _Reading, span: int | None) -> list[Cell]:
    cells = _stored_cells(reading.stored)
    for event in reading.pending:
        measures = Measures()
        measures.add(event)
        start = event.timestamp if span is None else _floor(event.timestamp, span)
        cells.append(Cell(start, event.provider or "", event.model or "", event.use_case, measures))
    return cells


def _stored_cells(stored: Sequence[StoredMeasures]) -> list[Cell]:
    return [
        Cell(
            each.start,
            each.provider,
            each.model,
            each.use_case,
            Measures().merge_stored(list(each.counts), each.packed),
        )
        for each in stored
    ]


def _merged(cells: Sequence[Cell]) -> list[Cell]:
    grouped = _grouped(cells, lambda cell: "\0".join((cell.provider, cell.model, cell.use_case)))
    return [Cell(None, found[0].provider, found[0].model, found[0].use_case, _sum(found)) for found in grouped.values()]


def _floor(moment: datetime, span: int) -> datetime:
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % span, UTC)


def _sum(cells: Iterable[Cell]) -> Measures:
    merged = Measures()
    for cell in cells:
        merged.merge(cell.measures)
    return merged


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], str]) -> dict[str, list[Cell]]:
    grouped: dict[str, list[Cell]] = {}
    for cell in cells:
        grouped.setdefault(key(cell), []).append(cell)
    return grouped


def _by_start(cells: Iterable[Cell]) -> dict[datetime, list[Cell]]:
    found: dict[datetime, list[Cell]] = {}
    for cell in cells:
        if cell.start is not None:
            found.setdefault(cell.start, []).append(cell)
    return found


def _rows(cells: Sequence[Cell], starts: Sequence[datetime], key: Callable[[Cell], str]) -> tuple[MetricRow, ...]:
    grouped = _grouped(cells, key)
    return tuple(
        MetricRow(name, _sum(found).totals(), _counts(found, starts)) for name, found in sorted(grouped.items())
    )


def _counts(cells: Sequence[Cell], starts: Sequence[datetime]) -> tuple[MetricPoint, ...]:
    """Return a series of counts; nobody asks for the percentiles of one row in one step."""
    steps: dict[datetime, Measures] = {}
    for start, found in _by_start(cells).items():
        steps[start] = Measures()
        for cell in found:
            steps[start].merge_counts(cell.measures)
    return tuple(MetricPoint(start, steps[start].totals() if start in steps else _BLANK) for start in starts)

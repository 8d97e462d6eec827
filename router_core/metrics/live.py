"""Figures over windows: what the store has of all processes, and what this one has served since."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import OverloadedError, ValidationError
from router_core.metrics.measures import Measures
from router_core.metrics.overlay import READING_TRIES, PendingEvents
from router_core.metrics.step_sums import floor_step
from router_core.metrics.window_report import make_report
from router_core.metrics.window_sums import Frame
from router_core.metrics.window_view import WindowView
from router_core.ports import MetricsStore, StoredMeasures
from router_core.types import (
    EVERYTHING,
    MetricsFilter,
    MetricsReport,
    MetricsWindow,
    MetricTotals,
    NanoUSD,
    RequestEvent,
)

__all__ = ["WINDOWS", "Cell", "LiveMetrics", "SinceReset"]

# Width of a step and number of steps.
WINDOWS: Final = MappingProxyType[MetricsWindow, tuple[int, int]](
    {"5m": (60, 5), "15m": (60, 15), "1h": (60, 60), "6h": (600, 36), "24h": (600, 144), "7d": (3600, 168)}
)
_MOST_VIEWS: Final = 16
# The first requests of a new process come first.
WARM_AFTER_S: Final = 5.0
_LONGEST: Final = timedelta(days=31)
# A range is shown in the finest steps that are still kept and not too many to look at.
_FINEST: Final = ((60, timedelta(hours=2), timedelta(hours=40)), (600, timedelta(hours=36), timedelta(days=7)))


_log = logging.getLogger(__name__)


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
        self._views: dict[tuple[MetricsWindow, MetricsFilter], WindowView] = {}
        self._spent: tuple[datetime, NanoUSD] | None = None
        self._epoch: datetime | None = None
        self._places: dict[tuple[str, str, str], int] = {}

    async def report(self, window: MetricsWindow, chosen: MetricsFilter = EVERYTHING) -> MetricsReport:
        """Return the figures of ``window``, of what is ``chosen``. Raises :class:`OverloadedError`."""
        span, count = WINDOWS[window]
        last = floor_step(self._clock.utcnow(), span)
        return await self._reported(
            self._view(window, chosen), span, last - timedelta(seconds=span * (count - 1)), last
        )

    async def report_between(
        self, since: datetime, until: datetime, chosen: MetricsFilter = EVERYTHING
    ) -> MetricsReport:
        """Return the figures of the steps that ``since`` and ``until`` lie in, and of all between.

        Raises :class:`ValidationError` where that is nothing or more than 31 days, :class:`OverloadedError`.
        """
        if not timedelta(0) < until - since <= _LONGEST:
            raise ValidationError("The range must be longer than nothing and at most 31 days", field="to")
        span = _span_of(since, until, self._clock.utcnow())
        last = floor_step(until - timedelta(microseconds=1), span)
        return await self._reported(WindowView(self._store, span, chosen), span, floor_step(since, span), last)

    async def _reported(self, view: WindowView, span: int, first: datetime, last: datetime) -> MetricsReport:
        before = first - (last - first) - timedelta(seconds=span)
        sums, pending, as_of = await view.read(Frame(before, first, last), self._pending, self._clock)
        counted = [event for event in pending if view.chosen.takes(event)]
        return await asyncio.to_thread(make_report, span, sums, counted, as_of, self._load())

    async def warm(self) -> None:
        """Read every window once, a while after the start, so that whoever looks first does not wait for it."""
        await self._clock.sleep(WARM_AFTER_S)
        try:
            for window in WINDOWS:
                await self.report(window)
        except OverloadedError:
            _log.info("the figures are read when somebody asks for them: the store does not answer now")

    def _view(self, window: MetricsWindow, chosen: MetricsFilter) -> WindowView:
        """Return what is kept of ``window``; of many choices the least recently asked for is dropped."""
        view = self._views.pop((window, chosen), None) or WindowView(self._store, WINDOWS[window][0], chosen)
        while len(self._views) >= _MOST_VIEWS:
            del self._views[next(iter(self._views))]
        self._views[window, chosen] = view
        return view

    async def since_reset(self) -> SinceReset:
        """Return everything since the last reset, by provider. Raises :class:`OverloadedError`."""
        reading = await self._read("since reset", lambda: self._store.totals(since_reset=True))
        started = await self._epoch_start()
        cells = [each for each in _cells(reading) if each.start is None or each.start >= started]
        grouped = _grouped(cells, lambda cell: cell.provider)
        return SinceReset(
            since=started,
            as_of=reading.as_of,
            totals=_sum(cells).totals(),
            providers={name: _sum(found).totals() for name, found in sorted(grouped.items())},
        )

    async def spent_since(self, moment: datetime) -> NanoUSD:
        """Return what requests cost since ``moment``, the beginning of an hour. Raises :class:`OverloadedError`."""
        for _ in range(READING_TRIES):
            version, pending = self._pending.version, self._pending.events()
            stored = await self._stored_cost(moment)
            if version == self._pending.version:
                break
        return stored + sum(event.cost or 0 for event in pending if event.timestamp >= moment)

    async def _stored_cost(self, moment: datetime) -> NanoUSD:
        try:
            cost = await self._store.cost_since(moment)
        except OverloadedError:
            if self._spent is None or self._spent[0] > moment:
                raise
            # Where a new day began since, what was read last belongs to the old one.
            return self._spent[1] if self._spent[0] == moment else 0
        self._spent = (moment, cost)
        return cost

    async def ever(self) -> list[Cell]:
        """Return what the store has counted since it began: figures that never go back, whichever process answers.

        The order is that in which this process came to know them, the busiest first to begin with; it never changes.
        Raises :class:`OverloadedError`.
        """
        reading = await self._read("ever", lambda: self._store.totals(since_reset=False))
        cells = {(each.provider, each.model, each.use_case): each for each in _merged(_stored_cells(reading.stored))}
        for key in sorted(cells, key=lambda key: (-cells[key].measures.counts[0], key)):
            self._places.setdefault(key, len(self._places))
        return sorted(cells.values(), key=lambda each: self._places[each.provider, each.model, each.use_case])

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
        for _ in range(READING_TRIES):
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


def _span_of(since: datetime, until: datetime, now: datetime) -> int:
    """Return the width of a step in seconds."""
    fitting = (span for span, longest, oldest in _FINEST if until - since <= longest and now - since <= oldest)
    return next(fitting, 3600)


def _cells(reading: _Reading) -> list[Cell]:
    cells = _stored_cells(reading.stored)
    for event in reading.pending:
        measures = Measures()
        measures.add(event)
        cells.append(Cell(event.timestamp, event.provider or "", event.model or "", event.use_case, measures))
    return cells


def _stored_cells(stored: Sequence[StoredMeasures]) -> list[Cell]:
    return [
        Cell(
            each.start,
            each.provider,
            each.model,
            each.use_case,
            Measures().merge_stored(each.counts, each.packed),
        )
        for each in stored
    ]


def _merged(cells: Sequence[Cell]) -> list[Cell]:
    grouped = _grouped(cells, lambda cell: "\0".join((cell.provider, cell.model, cell.use_case)))
    return [Cell(None, found[0].provider, found[0].model, found[0].use_case, _sum(found)) for found in grouped.values()]


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

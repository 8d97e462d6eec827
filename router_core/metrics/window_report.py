"""Makes the report of a window from its sums and from what the store does not have yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from router_core.metrics.measures import Measures
from router_core.metrics.step_sums import DIMENSIONS, Tally, floor_step
from router_core.metrics.window_sums import Frame, WindowSums
from router_core.types import MetricPoint, MetricRow, MetricsReport, MetricTotals, RequestEvent

__all__ = ["make_report"]

_BLANK: Final = MetricTotals()


def make_report(
    span: int,
    sums: WindowSums,
    pending: Sequence[RequestEvent],
    as_of: datetime,
    load: tuple[int, int],
) -> MetricsReport:
    """Return the report: ``sums``, and ``pending`` on top of them, which must not be in them yet."""
    frame = sums.frame
    fresh = _by_step(pending, span)
    current, previous = sums.current.copy(), sums.previous.whole.copy()
    for start, tally in fresh.items():
        place = frame.place(start)
        if place == 0:
            current.join(tally)
        elif place == 1:
            previous.merge(tally.whole)
    starts = _starts(frame, span)
    rows = [_rows(current, dimension, sums, fresh, starts) for dimension in range(len(DIMENSIONS))]
    return MetricsReport(
        step_s=span,
        since=frame.first,
        as_of=as_of,
        totals=current.whole.totals(),
        previous=previous.totals(),
        series=tuple(MetricPoint(start, _point(sums, fresh, start)) for start in starts),
        providers=rows[0],
        models=rows[1],
        use_cases=rows[2],
        in_flight=load[0],
        streams=load[1],
    )


def _by_step(events: Sequence[RequestEvent], span: int) -> dict[datetime, Tally]:
    found: dict[datetime, Tally] = {}
    for event in events:
        measures = Measures()
        measures.add(event)
        tally = found.setdefault(floor_step(event.timestamp, span), Tally())
        tally.add((event.provider or "", event.model or "", event.use_case), measures)
    return found


def _starts(frame: Frame, span: int) -> list[datetime]:
    count = int((frame.last - frame.first).total_seconds()) // span + 1
    return [frame.first + timedelta(seconds=span * step) for step in range(count)]


def _point(sums: WindowSums, fresh: Mapping[datetime, Tally], start: datetime) -> MetricTotals:
    step, tally = sums.steps.get(start), fresh.get(start)
    if tally is None:
        return step.totals if step else _BLANK
    return (step.whole.unpacked().merge(tally.whole) if step else tally.whole).totals()


def _rows(
    current: Tally, dimension: int, sums: WindowSums, fresh: Mapping[datetime, Tally], starts: Sequence[datetime]
) -> tuple[MetricRow, ...]:
    return tuple(
        MetricRow(
            name,
            measures.totals(),
            tuple(MetricPoint(start, _row_point(dimension, name, sums, fresh, start)) for start in starts),
        )
        for name, measures in sorted(current.rows[dimension].items())
    )


def _row_point(
    dimension: int, name: str, sums: WindowSums, fresh: Mapping[datetime, Tally], start: datetime
) -> MetricTotals:
    """Return counts; nobody asks for the percentiles of one row in one step."""
    step, tally = sums.steps.get(start), fresh.get(start)
    added = tally.rows[dimension].get(name) if tally else None
    if added is None:
        return step.points[dimension].get(name, _BLANK) if step else _BLANK
    counted = Measures()
    counted.merge_counts(added.counts)
    stored = step.rows[dimension].get(name) if step else None
    if stored is not None:
        counted.merge_counts(stored.counts)
    return counted.totals()

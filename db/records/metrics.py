"""Adds finished requests to the rollups and totals of their writer, inside the recorder's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, select, tuple_
from sqlalchemy.orm import Session

from db.record_models import MetricEpoch, MetricRollup, MetricTotal
from db.upserts import insert_into
from router_core.metrics.measures import COUNTS, Measures
from router_core.metrics.step_sums import floor_step
from router_core.types import RequestEvent

__all__ = ["SPANS", "add_measures"]

SPANS: Final = (60, 600, 3600)
_ROLLUP_KEY: Final = ("span", "start", "writer", "provider", "model", "use_case")
_TOTAL_KEY: Final = ("epoch", "writer", "provider", "model", "use_case")
_VALUES: Final = (*COUNTS, "errors_by_code", "latency", "first_token")
_Key = tuple[Any, ...]


def add_measures(session: Session, writer: str, events: Sequence[RequestEvent]) -> None:
    """Add ``events``, which are new, to what is counted of ``writer``.

    What is there is read, added to and written back: nobody else does so, since the writer's chain is locked.
    """
    epochs = session.execute(select(MetricEpoch.started_at, MetricEpoch.number).order_by(MetricEpoch.started_at))
    begun = list(epochs)
    rollups: dict[_Key, Measures] = {}
    totals: dict[_Key, Measures] = {}
    for event in events:
        tail = (writer, event.provider or "", event.model or "", event.use_case)
        for span in SPANS:
            _of(rollups, (span, floor_step(event.timestamp, span), *tail)).add(event)
        _of(totals, (_epoch(begun, event.timestamp), *tail)).add(event)
    _merge(session, MetricRollup.__table__, _ROLLUP_KEY, rollups)
    _merge(session, MetricTotal.__table__, _TOTAL_KEY, totals)


def _of(sums: dict[_Key, Measures], key: _Key) -> Measures:
    found = sums.get(key)
    if found is None:
        found = sums[key] = Measures()
    return found


def _epoch(begun: Sequence[tuple[datetime, int]], moment: datetime) -> int:
    """Return the epoch that ``moment`` belongs to; what is older than the first belongs to the first."""
    return max((number for started, number in begun if started <= moment), default=begun[0][1])


def _merge(session: Session, table: Any, key: Sequence[str], sums: Mapping[_Key, Measures]) -> None:
    source: Table = table
    columns = source.columns
    place = tuple_(*(columns[name] for name in key))
    query = select(*(columns[name] for name in (*key, *_VALUES))).where(place.in_(list(sums)))
    for row in session.execute(query):
        stored = tuple(row)
        counts, packed = stored[len(key) : -3], stored[-3:]
        sums[stored[: len(key)]].merge_stored(list(counts), (packed[0], packed[1], packed[2]))
    statement = insert_into(session, source)
    upsert = statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in _VALUES}
    )
    session.execute(upsert, [_row(key, where, sums[where]) for where in sorted(sums)])


def _row(key: Sequence[str], where: _Key, measures: Measures) -> dict[str, Any]:
    return {
        **dict(zip(key, where, strict=True)),
        **dict(zip(_VALUES, (*measures.counts, *measures.packed()), strict=True)),
    }

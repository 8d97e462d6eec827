"""What was counted by all processes, on SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.record_models import MetricEpoch, MetricRollup, MetricTotal
from router_core.metrics.measures import COUNTS
from router_core.ports import StoredMeasures
from router_core.types import MetricsFilter, NanoUSD

__all__ = ["SqlMetricsStore"]

_VALUES: Final = (*COUNTS, "errors_by_code", "latency", "first_token")
_HOUR_S: Final = 3_600
# Stores limit the values in one statement; the longest range of hours has more steps than this.
_MOST_STARTS: Final = 500


class SqlMetricsStore:
    """Reads rollups and totals; a :class:`MetricsStore`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def step_stamps(self, span: int, since: datetime, chosen: MetricsFilter) -> dict[datetime, tuple[int, int]]:
        """Return rows and requests of each step that begins at ``since`` or later: both only grow with it."""
        table: Any = MetricRollup.__table__.c
        query = (
            select(table.start, func.count(), func.sum(table.requests))
            .where(table.span == span, table.start >= since, *_conditions(table, chosen))
            .group_by(table.start)
        )
        found = await self._hop.read(lambda session: session.execute(query).all())
        return {start: (rows, int(requests)) for start, rows, requests in found}

    async def steps(self, span: int, starts: Collection[datetime], chosen: MetricsFilter) -> Sequence[StoredMeasures]:
        """Return the steps that begin at ``starts``."""
        table: Any = MetricRollup.__table__.c
        query = select(table.start, *_columns(table)).where(table.span == span, *_conditions(table, chosen))
        ordered = sorted(starts)

        def work(session: Session) -> list[StoredMeasures]:
            parts = (ordered[at : at + _MOST_STARTS] for at in range(0, len(ordered), _MOST_STARTS))
            return [_measured(row) for part in parts for row in session.execute(query.where(table.start.in_(part)))]

        return await self._hop.read(work)

    async def cost_since(self, moment: datetime) -> NanoUSD:
        """Return what requests cost since ``moment``, the beginning of an hour."""
        table: Any = MetricRollup.__table__.c
        query = select(func.sum(table.cost)).where(table.span == _HOUR_S, table.start >= moment)
        return await self._hop.read(lambda session: int(session.scalar(query) or 0))

    async def totals(self, *, since_reset: bool) -> Sequence[StoredMeasures]:
        """Return what was counted since the last reset, or ever."""
        table: Any = MetricTotal.__table__.c
        query = select(*_columns(table))
        if since_reset:
            query = query.where(table.epoch == select(func.max(MetricEpoch.number)).scalar_subquery())
        return await self._hop.read(lambda session: [_measured((None, *row)) for row in session.execute(query)])

    async def epoch_start(self) -> datetime:
        """Return when the metrics were reset last."""
        query = select(MetricEpoch.started_at).order_by(MetricEpoch.number.desc()).limit(1)
        return await self._hop.read(lambda session: session.scalars(query).one())

    async def begin_epoch(self, at: datetime, actor: str) -> None:
        """Reset: what ends from ``at`` on is counted anew."""

        def work(session: Session) -> None:
            number = session.scalar(select(func.max(MetricEpoch.number))) or 0
            session.execute(insert(MetricEpoch), {"number": number + 1, "started_at": at, "actor": actor})

        await self._hop.write(work)


def _conditions(table: Any, chosen: MetricsFilter) -> list[ColumnElement[bool]]:
    wanted = ((table.provider, chosen.provider), (table.model, chosen.model), (table.use_case, chosen.use_case))
    return [column == value for column, value in wanted if value is not None]


def _columns(table: Any) -> list[Any]:
    return [table.provider, table.model, table.use_case, *(table[name] for name in _VALUES)]


def _measured(row: Any) -> StoredMeasures:
    start, provider, model, use_case, *values = row
    counts, (codes, latency, first_token) = values[: len(COUNTS)], values[len(COUNTS) :]
    return StoredMeasures(start, provider, model, use_case, tuple(counts), (codes, latency, first_token))

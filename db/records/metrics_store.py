"""What was counted by all processes, on SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.record_models import MetricEpoch, MetricRollup, MetricTotal
from router_core.metrics.measures import COUNTS
from router_core.ports import StoredMeasures

__all__ = ["SqlMetricsStore"]

_VALUES: Final = (*COUNTS, "errors_by_code", "latency", "first_token")


class SqlMetricsStore:
    """Reads rollups and totals; a :class:`MetricsStore`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def steps(self, span: int, since: datetime) -> Sequence[StoredMeasures]:
        """Return the steps of ``span`` seconds that begin at ``since`` or later."""
        table: Any = MetricRollup.__table__.c
        query = select(table.start, *_columns(table)).where(table.span == span, table.start >= since)
        return await self._hop.read(lambda session: [_measured(row) for row in session.execute(query)])

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


def _columns(table: Any) -> list[Any]:
    return [table.provider, table.model, table.use_case, *(table[name] for name in _VALUES)]


def _measured(row: Any) -> StoredMeasures:
    start, provider, model, use_case, *values = row
    counts, (codes, latency, first_token) = values[: len(COUNTS)], values[len(COUNTS) :]
    return StoredMeasures(start, provider, model, use_case, tuple(counts), (codes, latency, first_token))

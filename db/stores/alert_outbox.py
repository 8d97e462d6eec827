"""Deliveries of alerts on SQL: claimed by one process at a time, for a time that ends."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from db.alert_models import AlertChannelRow, AlertDeliveryRow, AlertRow
from db.hop import StoreHop
from db.records.alerts import alert_of, channel_of
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports import Attempted, Claimed, DeliveryFilter
from router_core.ports.alerts import refuse_claimed
from router_core.types import Alert, AlertChannel, AlertDelivery, DeliveryState

__all__ = ["SqlAlertOutbox"]

# How many that are due are looked at to find one for each channel.
LOOKED_AT = 200
_Row = AlertDeliveryRow


class SqlAlertOutbox:
    """Keeps deliveries; an :class:`AlertOutbox`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def claim(self, until: datetime, limit: int, busy: Collection[str] = ()) -> Sequence[Claimed]:
        """Take at most ``limit`` deliveries that are due, one for each channel that is not ``busy``, until ``until``.

        Looking for them takes no lock; only where there are some does a transaction write.
        """
        now = self._clock.utcnow()
        due = await self._hop.read(lambda session: _due(session, now, limit, busy))
        return await self._hop.write(lambda session: _claim(session, due, now, until)) if due else []

    async def settle(self, claim: AlertDelivery, result: Attempted) -> bool:
        """Note what became of ``claim``; return False, and change nothing, when it is no longer in our hands."""
        state = "delivered" if result.delivered else "failed" if result.next_at is None else "pending"
        query = (
            update(_Row)
            .where(
                _Row.id == claim.id, _Row.state == "pending", _Row.attempts == claim.attempts,
                _Row.claimed_until == claim.claimed_until,
            )
            .values(
                state=state, next_at=result.next_at or claim.next_at, claimed_until=None, last_status=result.status,
                last_error=result.error, updated_at=self._clock.utcnow(),
            )
            .returning(_Row.id)
        )  # fmt: skip
        return await self._hop.write(lambda session: session.scalar(query) is not None)

    async def newest(self, limit: int, wanted: DeliveryFilter) -> Sequence[AlertDelivery]:
        """Return the newest deliveries of those that are ``wanted``, newest first."""
        query = select(_Row).order_by(_Row.created_at.desc(), _Row.id).limit(limit)
        if wanted.id is not None:
            query = query.where(_Row.id == wanted.id)
        if wanted.alerts is not None:
            query = query.where(_Row.alert_id.in_(wanted.alerts))
        if wanted.channel_id is not None:
            query = query.where(_Row.channel_id == wanted.channel_id)
        return await self._hop.read(lambda session: [_delivery(row) for row in session.scalars(query)])

    async def again(self, delivery_id: str) -> AlertDelivery:
        """Have a delivery made anew, now. Raises :class:`NotFoundError` and :class:`ValidationError`."""
        now = self._clock.utcnow()

        def work(session: Session) -> AlertDelivery:
            row = session.get(_Row, delivery_id, with_for_update=True)
            if row is None:
                raise NotFoundError("There is no such delivery")
            refuse_claimed(_delivery(row), now)
            row.state, row.attempts, row.next_at, row.claimed_until, row.updated_at = "pending", 0, now, None, now
            session.flush()
            return _delivery(row)

        return await self._hop.write(work)


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_Row.state == "pending", _Row.next_at <= now, or_(_Row.claimed_until.is_(None), _Row.claimed_until <= now))


def _due(session: Session, now: datetime, limit: int, busy: Collection[str]) -> list[str]:
    query = select(_Row.id, _Row.channel_id).where(*_is_due(now)).order_by(_Row.next_at, _Row.id).limit(LOOKED_AT)
    if busy:
        query = query.where(_Row.channel_id.not_in(sorted(busy)))
    first: dict[str, str] = {}
    for id, channel_id in session.execute(query):
        first.setdefault(channel_id, id)
    return list(first.values())[:limit]


def _claim(session: Session, ids: Sequence[str], now: datetime, until: datetime) -> list[Claimed]:
    """Take those of ``ids`` that nobody took meanwhile; what another process is taking now is left to it."""
    free = select(_Row.id).where(_Row.id.in_(ids), *_is_due(now)).with_for_update(skip_locked=True)
    taken = session.scalars(free).all()
    session.execute(
        update(_Row)
        .where(_Row.id.in_(taken))
        .values(claimed_until=until, attempts=_Row.attempts + 1, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    query = (
        select(_Row, AlertRow, AlertChannelRow)
        .outerjoin(AlertRow, AlertRow.id == _Row.alert_id)
        .outerjoin(AlertChannelRow, AlertChannelRow.id == _Row.channel_id)
        .where(_Row.id.in_(taken))
        .order_by(_Row.next_at, _Row.id)
    )
    return [
        Claimed(delivery=_delivery(row), alert=_alert(alert), channel=_channel(channel))
        for row, alert, channel in session.execute(query)
    ]


def _alert(row: AlertRow | None) -> Alert | None:
    return None if row is None else alert_of(row)


def _channel(row: AlertChannelRow | None) -> AlertChannel | None:
    return None if row is None else channel_of(row)


def _delivery(row: AlertDeliveryRow) -> AlertDelivery:
    return AlertDelivery(
        id=row.id, alert_id=row.alert_id, channel_id=row.channel_id, state=cast("DeliveryState", row.state),
        attempts=row.attempts, next_at=row.next_at, created_at=row.created_at, updated_at=row.updated_at,
        claimed_until=row.claimed_until, last_status=row.last_status, last_error=row.last_error,
    )  # fmt: skip

"""Alerts and the channels that carry them, on SQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.alert_models import AlertChannelRow, AlertDeliveryRow, AlertRow
from db.hop import StoreHop
from db.models import Account
from db.pieces import batched
from db.records.alerts import PIECE, alert_of, channel_of
from db.stores.lookups import require_known
from router_core.clock import Clock
from router_core.ports.keeping import as_kept, refuse
from router_core.types import Alert, AlertChannel, DeliveryState
from router_core.types.alert import pots_of

__all__ = ["SqlAlertChannels", "SqlAlertReader"]


class SqlAlertReader:
    """Reads what was raised; an :class:`AlertReader`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def newest(self, limit: int, accounts: Collection[str] | None = None) -> Sequence[Alert]:
        """Return the newest alerts, newest first: all, or those about the budgets of ``accounts``."""
        query = select(AlertRow).order_by(AlertRow.at.desc(), AlertRow.subject, AlertRow.threshold.desc(), AlertRow.id)
        if accounts is not None:
            query = query.where(AlertRow.subject.in_(pots_of(accounts)), AlertRow.kind != "unpriced")
        return await self._hop.read(lambda session: [alert_of(row) for row in session.scalars(query.limit(limit))])

    async def by_id(self, alert_id: str) -> Alert | None:
        """Return one alert."""

        def work(session: Session) -> Alert | None:
            row = session.get(AlertRow, alert_id)
            return None if row is None else alert_of(row)

        return await self._hop.read(work)

    async def tally(self, alert_ids: Collection[str]) -> Mapping[str, Mapping[DeliveryState, int]]:
        """Return how many deliveries of each alert are in each state."""
        columns = (AlertDeliveryRow.alert_id, AlertDeliveryRow.state)

        def work(session: Session) -> Mapping[str, Mapping[DeliveryState, int]]:
            found: dict[str, dict[DeliveryState, int]] = defaultdict(dict)
            for some in batched(alert_ids, PIECE):
                query = select(*columns, func.count()).where(columns[0].in_(some)).group_by(*columns)
                for alert_id, state, count in session.execute(query):
                    found[alert_id][cast("DeliveryState", state)] = count
            return found

        return await self._hop.read(work)


class SqlAlertChannels:
    """Keeps channels; an :class:`AlertChannels`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def list(self) -> Sequence[AlertChannel]:
        """Return all channels, oldest first."""
        query = select(AlertChannelRow).order_by(AlertChannelRow.created_at, AlertChannelRow.id)
        return await self._hop.read(lambda session: [channel_of(row) for row in session.scalars(query)])

    async def put(self, channel: AlertChannel) -> AlertChannel:
        """Store a new channel (version 1), or change the one that is at the version before.

        Raises :class:`ValidationError` for a version that is not the next one and an account that does not exist.
        """
        kept = as_kept(channel)
        await self._hop.write(lambda session: _put(session, kept))
        return kept

    async def drop(self, channel_id: str) -> bool:
        """Remove a channel; return whether there was one."""
        query = delete(AlertChannelRow).where(AlertChannelRow.id == channel_id).returning(AlertChannelRow.id)
        return await self._hop.write(lambda session: session.scalar(query) is not None)

    async def switch_off(self, channel_id: str) -> None:
        """Carry nothing more over a channel, at its receiver's wish."""
        now = self._clock.utcnow()
        query = (
            update(AlertChannelRow)
            .where(AlertChannelRow.id == channel_id, AlertChannelRow.active)
            .values(active=False, version=AlertChannelRow.version + 1, updated_at=now)
        )

        def work(session: Session) -> None:
            session.execute(query)

        await self._hop.write(work)


def _put(session: Session, channel: AlertChannel) -> None:
    if channel.account_id is not None:
        require_known(session, Account.id, [channel.account_id], field="accountId")
    row = session.get(AlertChannelRow, channel.id, with_for_update=True)
    refuse(
        channel.version != (0 if row is None else row.version) + 1, "version", "is not the newest one; read it again"
    )
    if row is None:
        row = AlertChannelRow(id=channel.id, kind=channel.kind, created_at=channel.created_at)
        session.add(row)
    row.target, row.kinds, row.account_id = channel.target, tuple(channel.kinds), channel.account_id
    row.active, row.version, row.updated_at = channel.active, channel.version, channel.updated_at

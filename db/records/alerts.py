"""Alerts and their deliveries, inside the recorder's transaction: each is raised once, whoever finds the reason."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.alert_models import AlertChannelRow, AlertDeliveryRow, AlertRow
from db.pieces import batched
from db.upserts import insert_into
from router_core.types import Alert, AlertChannel, AlertDelivery, AlertKind, ChannelKind
from router_core.types.alert import worth_sending

__all__ = ["PIECE", "alert_of", "channel_of", "raise_alerts"]

# Databases take so many values in one statement and no more.
PIECE: Final = 500


def raise_alerts(session: Session, alerts: Collection[Alert], now: datetime) -> list[Alert]:
    """Note those of ``alerts`` that nobody has raised, with deliveries of what is worth sending; return them.

    Of two transactions that raise the same alert, the second waits for the first, and then has nothing to raise.
    """
    # In one order in every process, so that two of them never wait for each other.
    by_id = {each.id: each for each in sorted(alerts, key=lambda each: each.id)}
    fresh: list[Alert] = []
    for ids in batched(by_id, PIECE):
        # Most were told of before: what is there already is not written again.
        told = set(session.scalars(select(AlertRow.id).where(AlertRow.id.in_(ids))))
        new = [_row(id, by_id[id]) for id in ids if id not in told]
        if new:
            insert = insert_into(session, AlertRow.__table__).on_conflict_do_nothing().returning(AlertRow.id)
            raised = set(session.scalars(insert.values(new)))
            fresh.extend(by_id[id] for id in ids if id in raised)
    if fresh:
        _post(session, worth_sending(fresh), now)
    return fresh


def alert_of(row: AlertRow) -> Alert:
    """Return a stored alert as a value."""
    return Alert(
        kind=cast("AlertKind", row.kind), subject=row.subject, period=row.period, threshold=row.threshold,
        limit=row.amount, spent=row.spent, detail=row.detail, at=row.at,
    )  # fmt: skip


def channel_of(row: AlertChannelRow) -> AlertChannel:
    """Return a stored channel as a value."""
    return AlertChannel(
        id=row.id, kind=cast("ChannelKind", row.kind), target=row.target,
        kinds=cast("tuple[AlertKind, ...]", row.kinds), account_id=row.account_id, active=row.active,
        version=row.version, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def _post(session: Session, alerts: Sequence[Alert], now: datetime) -> None:
    """Put a delivery for each channel that wants an alert into the outbox."""
    channels = [channel_of(row) for row in session.scalars(select(AlertChannelRow).where(AlertChannelRow.active))]
    rows = [
        {
            "id": AlertDelivery.id_of(alert.id, channel.id), "alert_id": alert.id, "channel_id": channel.id,
            "state": "pending", "attempts": 0, "next_at": now, "last_error": "", "created_at": now, "updated_at": now,
        }
        for alert in alerts
        for channel in channels
        if channel.wants(alert)
    ]  # fmt: skip
    if rows:
        session.execute(insert_into(session, AlertDeliveryRow.__table__).on_conflict_do_nothing(), rows)


def _row(id: str, alert: Alert) -> dict[str, Any]:
    return {
        "id": id, "kind": alert.kind, "subject": alert.subject, "period": alert.period, "threshold": alert.threshold,
        "amount": alert.limit, "spent": alert.spent, "detail": alert.detail, "at": alert.at,
    }  # fmt: skip

"""Acts that nobody ordered: what the program does, or what befalls it, by itself."""

from router_core.clock import Clock, new_ulid
from router_core.journal.entries import Gap
from router_core.types import AlertChannel, OperatorAction

__all__ = ["channel_gone_act", "gap_act"]


def channel_gone_act(channel: AlertChannel, clock: Clock) -> OperatorAction:
    """Return the record of a channel that was switched off because its receiver answered that it is gone."""
    return OperatorAction(
        id=new_ulid(clock),
        at=clock.utcnow(),
        actor="system",
        actor_id="",
        role=None,
        action="alert_channel.switched_off",
        target=channel.id,
        detail={"reason": "the receiver answered 410"},
        account_id=channel.account_id,
    )


def gap_act(gap: Gap) -> OperatorAction:
    """Return the record of requests that were served while the journal could not be written."""
    return OperatorAction(
        id=gap.id,
        at=gap.until,
        actor="system",
        actor_id="",
        role=None,
        action="journal.gap",
        target="journal",
        detail={"requests": gap.count, "since": gap.since.isoformat(), "until": gap.until.isoformat()},
    )

"""Acts that nobody ordered: what the program does, or what befalls it, by itself."""

from datetime import datetime

from router_core.admin.acts import Detail
from router_core.clock import Clock, new_ulid
from router_core.journal.entries import Gap
from router_core.types import AlertChannel, OperatorAction

__all__ = ["channel_gone_act", "gap_act", "worker_replaced_act"]


def channel_gone_act(channel: AlertChannel, clock: Clock) -> OperatorAction:
    """Return the record of a channel that was switched off because its receiver answered that it is gone."""
    reason: Detail = {"reason": "the receiver answered 410"}
    verb = "alert_channel.switched_off"
    return _own_act(new_ulid(clock), clock.utcnow(), verb, channel.id, reason, channel.account_id)


def gap_act(gap: Gap) -> OperatorAction:
    """Return the record of requests that were served while the journal could not be written."""
    detail: Detail = {"requests": gap.count, "since": gap.since.isoformat(), "until": gap.until.isoformat()}
    return _own_act(gap.id, gap.until, "journal.gap", "journal", detail)


def worker_replaced_act(slot: int, ended: str, clock: Clock) -> OperatorAction:
    """Return the record of a worker process that was started in the place of one that was lost."""
    return _own_act(new_ulid(clock), clock.utcnow(), "worker.replaced", f"worker {slot}", {"ended": ended})


def _own_act(
    id: str, at: datetime, verb: str, target: str, detail: Detail, account_id: str | None = None
) -> OperatorAction:
    return OperatorAction(
        id=id, at=at, actor="system", actor_id="", role=None, action=verb, target=target, detail=detail,
        account_id=account_id,
    )  # fmt: skip

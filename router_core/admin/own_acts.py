"""Acts that nobody ordered: what the program does, or what befalls it, by itself."""

from datetime import datetime

from msgspec import structs

from router_core.admin.acts import Detail
from router_core.clock import Clock, new_ulid
from router_core.journal.entries import Gap
from router_core.ports import ApiKeyRecord
from router_core.security.key_throttle import RefusedKeys
from router_core.types import AlertChannel, OperatorAction

__all__ = ["channel_gone_act", "gap_act", "key_woken_act", "keys_refused_act", "worker_replaced_act"]


def channel_gone_act(channel: AlertChannel, clock: Clock) -> OperatorAction:
    """Return the record of a channel that was switched off because its receiver answered that it is gone."""
    reason: Detail = {"reason": "the receiver answered 410"}
    verb = "alert_channel.switched_off"
    return _own_act(new_ulid(clock), clock.utcnow(), verb, channel.id, reason, channel.account_id)


def gap_act(gap: Gap) -> OperatorAction:
    """Return the record of requests that were served while the journal could not be written."""
    detail: Detail = {"requests": gap.count, "since": gap.since.isoformat(), "until": gap.until.isoformat()}
    return _own_act(gap.id, gap.until, "journal.gap", "journal", detail)


def key_woken_act(key: ApiKeyRecord, clock: Clock) -> OperatorAction:
    """Return the record of an API key that was used again after 30 days or more."""
    since = key.idle_since or key.created_at
    used = key.woken_at or clock.utcnow()
    detail: Detail = {"idleSince": since.isoformat(), "idleDays": (used - since).days, "name": key.name}
    return _own_act(new_ulid(clock), used, "key.woken", key.id, detail, key.account_id)


def keys_refused_act(told: RefusedKeys, clock: Clock) -> OperatorAction:
    """Return the record of API keys that were refused from one address."""
    detail: Detail = {"refused": told.refused, "throttled": told.throttled, "keys": ", ".join(told.keys)}
    act = _own_act(new_ulid(clock), clock.utcnow(), "key.refused", told.address, detail)
    return structs.replace(act, address=told.address)


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

"""The in-memory twin of alerts, channels and outbox."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports import Attempted, Claimed, DeliveryFilter
from router_core.ports.alerts import refuse_claimed
from router_core.ports.keeping import as_kept, refuse
from router_core.types import Alert, AlertChannel, AlertDelivery, DeliveryState
from router_core.types.alert import worth_sending

__all__ = ["MemoryAlertChannels", "MemoryAlertOutbox", "MemoryAlerts"]


class MemoryAlertChannels:
    """Keeps channels; an :class:`AlertChannels`. It knows no accounts: each exists."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[str, AlertChannel] = {}

    def find(self, channel_id: str) -> AlertChannel | None:
        """Return one channel."""
        return self._rows.get(channel_id)

    async def list(self) -> Sequence[AlertChannel]:
        """Return all channels, oldest first."""
        return sorted(self._rows.values(), key=lambda each: (each.created_at, each.id))

    async def put(self, channel: AlertChannel) -> AlertChannel:
        """Store a new channel (version 1), or change the one that is at the version before."""
        kept, old = as_kept(channel), self._rows.get(channel.id)
        refuse(
            kept.version != (0 if old is None else old.version) + 1, "version", "is not the newest one; read it again"
        )
        self._rows[kept.id] = kept
        return kept

    async def drop(self, channel_id: str) -> bool:
        """Remove a channel; return whether there was one."""
        return self._rows.pop(channel_id, None) is not None

    async def switch_off(self, channel_id: str) -> None:
        """Carry nothing more over a channel, at its receiver's wish."""
        old = self._rows.get(channel_id)
        if old is not None and old.active:
            now = self._clock.utcnow()
            self._rows[channel_id] = structs.replace(old, active=False, version=old.version + 1, updated_at=now)


class MemoryAlertOutbox:
    """Keeps deliveries; an :class:`AlertOutbox`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[str, AlertDelivery] = {}
        self._alerts: dict[str, Alert] = {}
        self.channels = MemoryAlertChannels(clock)

    def all(self) -> Sequence[AlertDelivery]:
        """Return every delivery."""
        return list(self._rows.values())

    async def post(self, alert: Alert, now: datetime) -> None:
        """Put a delivery for each channel that wants ``alert`` into the outbox."""
        self._alerts[alert.id] = alert
        for channel in await self.channels.list():
            if channel.wants(alert):
                id = AlertDelivery.id_of(alert.id, channel.id)
                made = AlertDelivery(
                    id=id, alert_id=alert.id, channel_id=channel.id, state="pending", attempts=0, next_at=now,
                    created_at=now, updated_at=now,
                )  # fmt: skip
                self._rows.setdefault(id, made)

    async def claim(self, until: datetime, limit: int, busy: Collection[str] = ()) -> Sequence[Claimed]:
        """Take at most ``limit`` deliveries that are due until ``until``, one for each channel that is not ``busy``."""
        now = self._clock.utcnow()
        first: dict[str, AlertDelivery] = {}
        for each in sorted(self._rows.values(), key=lambda row: (row.next_at, row.id)):
            if _is_due(each, now) and each.channel_id not in busy:
                first.setdefault(each.channel_id, each)
        taken = [
            structs.replace(each, claimed_until=until, attempts=each.attempts + 1, updated_at=now)
            for each in list(first.values())[:limit]
        ]
        self._rows.update((each.id, each) for each in taken)
        return [
            Claimed(delivery=each, alert=self._alerts.get(each.alert_id), channel=self.channels.find(each.channel_id))
            for each in taken
        ]

    async def settle(self, claim: AlertDelivery, result: Attempted) -> bool:
        """Note what became of ``claim``; return False, and change nothing, when it is no longer in our hands."""
        row = self._rows.get(claim.id)
        if row is None or (row.state, row.attempts, row.claimed_until) != (
            "pending", claim.attempts, claim.claimed_until,
        ):  # fmt: skip
            return False
        self._rows[row.id] = structs.replace(
            row,
            state="delivered" if result.delivered else "failed" if result.next_at is None else "pending",
            next_at=result.next_at or row.next_at,
            claimed_until=None,
            last_status=result.status,
            last_error=result.error,
            updated_at=self._clock.utcnow(),
        )
        return True

    async def newest(self, limit: int, wanted: DeliveryFilter) -> Sequence[AlertDelivery]:
        """Return the newest deliveries of those that are ``wanted``, newest first."""
        found = [
            each
            for each in self._rows.values()
            if wanted.id in (None, each.id)
            and (wanted.alerts is None or each.alert_id in wanted.alerts)
            and wanted.channel_id in (None, each.channel_id)
        ]
        by_id = sorted(found, key=lambda each: each.id)
        return sorted(by_id, key=lambda each: each.created_at, reverse=True)[:limit]

    async def again(self, delivery_id: str) -> AlertDelivery:
        """Have a delivery made anew, now. Raises :class:`NotFoundError` and :class:`ValidationError`."""
        row, now = self._rows.get(delivery_id), self._clock.utcnow()
        if row is None:
            raise NotFoundError("There is no such delivery")
        refuse_claimed(row, now)
        self._rows[row.id] = structs.replace(
            row, state="pending", attempts=0, next_at=now, claimed_until=None, updated_at=now
        )
        return self._rows[row.id]


class MemoryAlerts:
    """Keeps what was raised; an :class:`AlertReader`."""

    def __init__(self, outbox: MemoryAlertOutbox) -> None:
        self._outbox = outbox
        self._rows: dict[str, Alert] = {}

    async def raise_alerts(self, alerts: Collection[Alert], now: datetime) -> list[Alert]:
        """Note those of ``alerts`` that nobody has raised, with deliveries of what is worth sending; return them."""
        fresh = [each for id, each in {each.id: each for each in alerts}.items() if id not in self._rows]
        self._rows.update((each.id, each) for each in fresh)
        for each in worth_sending(fresh):
            await self._outbox.post(each, now)
        return fresh

    async def newest(self, limit: int, accounts: Collection[str] | None = None) -> Sequence[Alert]:
        """Return the newest alerts, newest first: all, or those about the budgets of ``accounts``."""
        found = [each for each in self._rows.values() if accounts is None or each.account_id in accounts]
        in_order = sorted(found, key=lambda each: (each.subject, -each.threshold, each.id))
        return sorted(in_order, key=lambda each: each.at, reverse=True)[:limit]

    async def by_id(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        return self._rows.get(alert_id)

    async def tally(self, alert_ids: Collection[str]) -> Mapping[str, Mapping[DeliveryState, int]]:
        """Return how many deliveries of each alert are in each state."""
        found: dict[str, Counter[DeliveryState]] = defaultdict(Counter)
        for each in self._outbox.all():
            if each.alert_id in alert_ids:
                found[each.alert_id][each.state] += 1
        return found


def _is_due(row: AlertDelivery, now: datetime) -> bool:
    free = row.claimed_until is None or row.claimed_until <= now
    return row.state == "pending" and row.next_at <= now and free

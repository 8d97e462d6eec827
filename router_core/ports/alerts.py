"""What alerts need from outside: who reads them, the channels that carry them, the outbox, and the ways out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.ports.keeping import refuse
from router_core.types import Alert, AlertChannel, AlertDelivery, DeliveryState

__all__ = [
    "AlertChannels",
    "AlertOutbox",
    "AlertReader",
    "AlertSender",
    "Attempted",
    "Claimed",
    "DeliveryFilter",
    "Sent",
    "refuse_claimed",
]


class AlertReader(Protocol):
    """Reads what was raised."""

    async def newest(self, limit: int, accounts: Collection[str] | None = None) -> Sequence[Alert]:
        """Return the newest alerts, newest first: all, or those about the budgets of ``accounts``."""
        ...

    async def by_id(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        ...

    async def tally(self, alert_ids: Collection[str]) -> Mapping[str, Mapping[DeliveryState, int]]:
        """Return how many deliveries of each alert are in each state."""
        ...


class AlertChannels(Protocol):
    """Keeps channels."""

    async def list(self) -> Sequence[AlertChannel]:
        """Return all channels, oldest first."""
        ...

    async def put(self, channel: AlertChannel) -> AlertChannel:
        """Store a new channel (version 1), or change the one that is at the version before.

        Raises :class:`ValidationError` for a version that is not the next one and an account that does not exist.
        """
        ...

    async def drop(self, channel_id: str) -> bool:
        """Remove a channel; return whether there was one. Its deliveries fail when their turn comes."""
        ...

    async def switch_off(self, channel_id: str) -> None:
        """Carry nothing more over a channel, at its receiver's wish."""
        ...


class Claimed(Struct, frozen=True, kw_only=True):
    """A delivery in the hands of one process; ``channel`` is None when it was removed, ``alert`` when it was pruned."""

    delivery: AlertDelivery
    alert: Alert | None
    channel: AlertChannel | None


class Attempted(Struct, frozen=True, kw_only=True):
    """What became of an attempt, and when the next one is due; None for none."""

    delivered: bool
    next_at: datetime | None = None
    status: int | None = None
    error: str = ""


class DeliveryFilter(Struct, frozen=True, kw_only=True):
    """Which deliveries are meant: one, those of some alerts, those over one channel, or all."""

    id: str | None = None
    alerts: tuple[str, ...] | None = None
    channel_id: str | None = None


def refuse_claimed(delivery: AlertDelivery, now: datetime) -> None:
    """Raise :class:`ValidationError` while ``delivery`` is in somebody's hands."""
    held = delivery.claimed_until is not None and delivery.claimed_until > now
    refuse(held, "id", "is being delivered right now")


class AlertOutbox(Protocol):
    """Keeps deliveries until they are made. A delivery is in one process's hands at a time."""

    async def claim(self, until: datetime, limit: int, busy: Collection[str] = ()) -> Sequence[Claimed]:
        """Take at most ``limit`` deliveries that are due, one for each channel that is not ``busy``, until ``until``.

        Each counts as an attempt. What another process has claimed is left alone until its claim has ended.
        """
        ...

    async def settle(self, claim: AlertDelivery, result: Attempted) -> bool:
        """Note what became of ``claim``; return False, and change nothing, when it is no longer in our hands."""
        ...

    async def newest(self, limit: int, wanted: DeliveryFilter) -> Sequence[AlertDelivery]:
        """Return the newest deliveries of those that are ``wanted``, newest first."""
        ...

    async def again(self, delivery_id: str) -> AlertDelivery:
        """Have a delivery made anew, now.

        Raises :class:`NotFoundError` for none such, :class:`ValidationError` while it is in somebody's hands.
        """
        ...


class Sent(Struct, frozen=True, kw_only=True):
    """What a receiver did with a message: ``status`` is its answer, ``error`` why it is not delivered, in words without
    secrets. ``gone`` says that it wants no more of them.
    """

    delivered: bool
    status: int | None = None
    error: str = ""
    gone: bool = False


class AlertSender(Protocol):
    """Brings messages over one kind of channel."""

    async def send(self, channel: AlertChannel, message_id: str, alert: Alert | None, sentence: str) -> Sent:
        """Send ``alert``, None for a test, in seconds; never raises for what a receiver does."""
        ...

    def refusal(self, target: str) -> str | None:
        """Say what is wrong with ``target``, None when it could be a receiver."""
        ...

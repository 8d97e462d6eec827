"""Alerts, channels and deliveries as people see them, and what they may ask for."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from router_core.types import Alert, AlertChannel, AlertDelivery, AlertKind, ChannelKind, DeliveryState, NanoUSD

__all__ = [
    "AlertView",
    "ChannelChange",
    "ChannelOrder",
    "ChannelSecret",
    "ChannelTest",
    "ChannelView",
    "DeliveryView",
    "NewChannel",
]


class AlertView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert, what it says, and how many of its deliveries are in each state. Amounts are nano-dollars.

    ``budget`` is the pot that it is about, null for a model without a price.
    """

    id: str
    kind: AlertKind
    subject: str
    budget: str | None
    period: str
    threshold: int
    limit: NanoUSD
    spent: NanoUSD
    detail: str
    at: datetime
    sentence: str
    deliveries: Mapping[DeliveryState, int]

    @classmethod
    def of(cls, alert: Alert, sentence: str, deliveries: Mapping[DeliveryState, int]) -> "AlertView":
        """Return the view of ``alert``."""
        return cls(
            id=alert.id, kind=alert.kind, subject=alert.subject,
            budget=None if alert.kind == "unpriced" else alert.subject, period=alert.period,
            threshold=alert.threshold, limit=alert.limit, spent=alert.spent, detail=alert.detail, at=alert.at,
            sentence=sentence, deliveries=deliveries,
        )  # fmt: skip


class ChannelOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A channel to be made. Without ``kinds`` it carries all, without ``account_id`` what concerns any account."""

    kind: ChannelKind
    target: str
    kinds: tuple[AlertKind, ...] = ()
    account_id: str | None = None


class ChannelChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a channel is to be, whole; ``version`` is the one that was read."""

    target: str
    version: int
    kinds: tuple[AlertKind, ...] = ()
    account_id: str | None = None
    active: bool = True


class ChannelView(Struct, frozen=True, kw_only=True):
    """A channel and its newest delivery."""

    channel: AlertChannel
    last: AlertDelivery | None


class NewChannel(Struct, frozen=True, kw_only=True):
    """A channel that was just made; ``secret`` is what a webhook's messages are signed with."""

    channel: AlertChannel
    secret: str | None


class ChannelSecret(Struct, frozen=True, kw_only=True):
    """What the messages of the webhook ``id`` are signed with."""

    id: str
    secret: str


class DeliveryView(Struct, frozen=True, kw_only=True):
    """A delivery and where it goes, empty for a channel that was removed."""

    delivery: AlertDelivery
    target: str


class ChannelTest(Struct, frozen=True, kw_only=True):
    """What came of a test."""

    delivered: bool
    status: int | None
    error: str

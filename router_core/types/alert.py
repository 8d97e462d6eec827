"""What people are told about money: alerts, the channels that carry them, and what became of each delivery."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from msgspec import Struct

from router_core.types.money import NanoUSD

__all__ = [
    "ALERT_KINDS",
    "Alert",
    "AlertChannel",
    "AlertDelivery",
    "AlertKind",
    "ChannelKind",
    "DeliveryState",
    "pots_of",
    "worth_sending",
]

AlertKind = Literal["threshold", "burn_fast", "burn_slow", "overage", "unpriced", "spent_out"]
ChannelKind = Literal["webhook", "email"]
DeliveryState = Literal["pending", "delivered", "failed"]

ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)
ID_DIGITS = 32


class Alert(Struct, frozen=True, kw_only=True):
    """Something about money that people should know, raised once for each kind, subject, period, threshold and limit.

    ``subject`` is a budget's pot such as ``account:acme:daily``, of kind ``unpriced`` a model. ``threshold`` is a
    percentage of ``limit``, 0 where there is none; ``limit`` and ``spent`` are nano-dollars. ``detail`` is what the
    kind has to say beyond that: an amount, or who served.
    """

    kind: AlertKind
    subject: str
    period: str
    at: datetime
    threshold: int = 0
    limit: NanoUSD = 0
    spent: NanoUSD = 0
    detail: str = ""

    @property
    def id(self) -> str:
        """A name made from what may be raised once only."""
        key = "\x1f".join((self.kind, self.subject, self.period, str(self.threshold), str(self.limit)))
        return sha256(key.encode()).hexdigest()[:ID_DIGITS]

    @property
    def account_id(self) -> str | None:
        """The account whose budget it is about, None for what concerns all."""
        scope, _, rest = self.subject.partition(":")
        return rest.rpartition(":")[0] if scope == "account" and self.kind != "unpriced" else None


class AlertChannel(Struct, frozen=True, kw_only=True, rename="camel"):
    """A way to people: ``target`` is a URL or an e-mail address.

    It carries the ``kinds`` it names, all where it names none, and where ``account_id`` is set only what is about that
    account's budgets.
    """

    id: str
    kind: ChannelKind
    target: str
    created_at: datetime
    updated_at: datetime
    kinds: tuple[AlertKind, ...] = ()
    account_id: str | None = None
    active: bool = True
    version: int = 1

    def wants(self, alert: Alert) -> bool:
        """Say whether it carries ``alert``."""
        if not self.active or (self.kinds and alert.kind not in self.kinds):
            return False
        return self.account_id is None or self.account_id == alert.account_id


class AlertDelivery(Struct, frozen=True, kw_only=True, rename="camel"):
    """One alert on its way over one channel. ``next_at`` is when it is tried next, ``claimed_until`` how long a process
    has it in hand; ``last_status`` and ``last_error`` are what the last attempt met.
    """

    id: str
    alert_id: str
    channel_id: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    created_at: datetime
    updated_at: datetime
    claimed_until: datetime | None = None
    last_status: int | None = None
    last_error: str = ""

    @staticmethod
    def id_of(alert_id: str, channel_id: str) -> str:
        """Return the name of the one delivery of an alert over a channel."""
        return sha256(f"{alert_id}\x1f{channel_id}".encode()).hexdigest()[:ID_DIGITS]


def worth_sending(raised: Iterable[Alert]) -> list[Alert]:
    """Return what is carried of alerts that were raised together: of several thresholds of one limit the highest."""
    highest: dict[tuple[str, str, NanoUSD], int] = {}
    alerts = list(raised)
    for each in alerts:
        if each.kind == "threshold":
            key = (each.subject, each.period, each.limit)
            highest[key] = max(each.threshold, highest.get(key, 0))
    return [
        each
        for each in alerts
        if each.kind != "threshold" or each.threshold == highest[each.subject, each.period, each.limit]
    ]


def pots_of(accounts: Iterable[str]) -> list[str]:
    """Return the subjects of alerts about the budgets of ``accounts``."""
    return [f"account:{account}:{period}" for account in accounts for period in ("daily", "monthly")]

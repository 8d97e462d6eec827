"""What the Budgets screen may ask for: bills, prices, alerts, top-ups, leases and the cache.

Every method raises :class:`ForbiddenError` when ``person`` lacks the right.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from router_core.admin.alert_views import (
    AlertView,
    ChannelChange,
    ChannelOrder,
    ChannelSecret,
    ChannelTest,
    ChannelView,
    DeliveryView,
    NewChannel,
)
from router_core.admin.bills import BudgetCourse
from router_core.admin.cache_desk import CachePurged, PurgeOrder
from router_core.admin.lease_desk import LeaseView, WrittenOff
from router_core.admin.price_desk import PriceChanges, PriceLine, ReratingReport
from router_core.admin.topups import TopUpApproval, TopUpOrder, TopUpView
from router_core.budgets.outlook import OutlookRow
from router_core.cost.price_sheet import PriceOrder
from router_core.cost.reconciliation import Reconciliation
from router_core.cost.savings import Savings
from router_core.ports import UsageBy
from router_core.types import AlertChannel, AlertDelivery, CacheMatch, CacheReport, ChannelKind, Price, Principal, TopUp

__all__ = [
    "AlertBackend",
    "BillsBackend",
    "CacheBackend",
    "LeaseBackend",
    "PriceBackend",
    "TopUpBackend",
]


class BillsBackend(Protocol):
    """What was spent, saved and is still to come."""

    async def reconcile(self, data: bytes, person: Principal, tolerance: Decimal) -> Reconciliation:
        """Compare a provider's usage export with the record. Raises :class:`WrongBillError`."""
        ...

    async def savings(self, days: int, person: Principal, zone: ZoneInfo) -> Savings:
        """Return what was saved today and on the days before it, in the calendar of ``zone``."""
        ...

    async def outlook(self, by: UsageBy, person: Principal, suppose: str | None) -> Sequence[OutlookRow]:
        """Return what is expected of each name by the end of the day and month; ``suppose`` is a monthly limit."""
        ...

    async def course(self, budget_id: str, person: Principal) -> BudgetCourse:
        """Return how one budget went and is expected to go on. Raises :class:`NotFoundError`."""
        ...


class PriceBackend(Protocol):
    """What people see and do about prices; :class:`PriceDesk` does it."""

    async def prices(self, person: Principal) -> Sequence[PriceLine]:
        """Return what each configured provider costs, those without a price first."""
        ...

    async def history(self, person: Principal, model: str = "") -> Sequence[Price]:
        """Return versions of prices, the newest beginning first: those of ``model``, or all that somebody set."""
        ...

    async def set_prices(
        self, orders: Sequence[PriceOrder], person: Principal, *, dry_run: bool = False
    ) -> PriceChanges:
        """Add what ``orders`` ask for, all or nothing. Raises :class:`ValidationError` that names the field."""
        ...

    async def import_sheet(self, text: str, person: Principal, *, dry_run: bool = False) -> PriceChanges:
        """Add what a sheet asks for. Raises :class:`ValidationError` that names the line."""
        ...

    async def rerate(self, person: Principal, since: datetime, until: datetime) -> ReratingReport:
        """Return what requests would have cost; changes nothing."""
        ...


class AlertBackend(Protocol):
    """What was raised about money, and the channels that carry it; :class:`AlertDesk` does it."""

    def may_edit(self, person: Principal) -> bool:
        """Say whether ``person`` may do more than look."""
        ...

    async def kinds(self) -> tuple[ChannelKind, ...]:
        """Return the kinds of channels that this installation can use."""
        ...

    async def alerts(self, person: Principal, limit: int = 100) -> Sequence[AlertView]:
        """Return the newest alerts that ``person`` may see."""
        ...

    async def channels(self, person: Principal) -> Sequence[ChannelView]:
        """Return the channels that ``person`` may see, each with its last delivery."""
        ...

    async def deliveries(
        self, person: Principal, *, alert_id: str | None = None, channel_id: str | None = None, limit: int = 100
    ) -> Sequence[DeliveryView]:
        """Return the newest deliveries, of one alert or over one channel where they are named."""
        ...

    async def make_channel(self, order: ChannelOrder, person: Principal) -> NewChannel:
        """Make a channel; a webhook's secret is in the answer. Raises :class:`ValidationError` that names the field."""
        ...

    async def change_channel(self, channel_id: str, change: ChannelChange, person: Principal) -> AlertChannel:
        """Make a channel what ``change`` says. Raises :class:`NotFoundError` and :class:`ValidationError`."""
        ...

    async def remove_channel(self, channel_id: str, person: Principal) -> None:
        """Remove a channel. Raises :class:`NotFoundError`."""
        ...

    async def show_secret(self, channel_id: str, person: Principal) -> ChannelSecret:
        """Return the secret that a webhook's messages are signed with. Raises :class:`NotFoundError`."""
        ...

    async def test_channel(self, channel_id: str, person: Principal) -> ChannelTest:
        """Send a test over a channel, once, and return what came of it. Raises :class:`NotFoundError`."""
        ...

    async def deliver_again(self, delivery_id: str, person: Principal) -> AlertDelivery:
        """Have a delivery made anew. Raises :class:`NotFoundError`."""
        ...


class TopUpBackend(Protocol):
    """Who asked for more money for how long, and what became of it; :class:`TopUps` does it."""

    async def list(self, person: Principal) -> Sequence[TopUpView]:
        """Return the top-ups that ``person`` may see: those that wait first, then those that run, newest first."""
        ...

    async def ask(self, order: TopUpOrder, person: Principal) -> TopUp:
        """Ask for more money. Raises :class:`ValidationError` that names the field."""
        ...

    async def approve(self, topup_id: str, approval: TopUpApproval, person: Principal) -> TopUp:
        """Let a request run, in force in every process within 2 s; return it."""
        ...

    async def deny(self, topup_id: str, note: str, person: Principal) -> TopUp:
        """Refuse a request; return it."""
        ...

    async def withdraw(self, topup_id: str, person: Principal) -> TopUp:
        """Take back a request of one's own that waits; return it."""
        ...

    async def end(self, topup_id: str, person: Principal) -> TopUp:
        """End a top-up that runs; return it."""
        ...


class CacheBackend(Protocol):
    """The cache of answers; :class:`CacheDesk` does it."""

    async def report(self, person: Principal) -> CacheReport:
        """Return how the cache is doing in the answering process."""
        ...

    async def purge(self, order: PurgeOrder, person: Principal) -> CachePurged:
        """Have nothing served any more of what is kept. Raises :class:`ValidationError` that names the field."""
        ...

    async def matches(self, person: Principal) -> Sequence[CacheMatch]:
        """Return what was answered with the answer to a similar question, newest first."""
        ...

    async def call_wrong(self, match_id: str, person: Principal) -> CacheMatch:
        """Have a match on record as wrong; its answer is served no more. Raises :class:`NotFoundError`."""
        ...


class LeaseBackend(Protocol):
    """The money that processes hold; :class:`LeaseDesk` does it."""

    async def list(self, person: Principal) -> Sequence[LeaseView]:
        """Return the leases whose ends come first, so those that are overdue lead."""
        ...

    async def write_off(self, lease_id: str, person: Principal) -> WrittenOff:
        """Give up a lease whose process will not come back. Raises :class:`NotFoundError`."""
        ...

"""The facades of money, together."""

from dataclasses import dataclass

from router_core.admin.alerting import AlertDesk
from router_core.admin.bills import Bills
from router_core.admin.lease_desk import LeaseDesk
from router_core.admin.price_desk import PriceDesk
from router_core.admin.topups import TopUps
from router_core.admin.treasury import Treasury

__all__ = ["MoneyDesks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyDesks:
    """What people see and do about budgets and more of them for a while, prices, bills, alerts and leases."""

    treasury: Treasury
    prices: PriceDesk
    bills: Bills
    alerts: AlertDesk
    topups: TopUps
    leases: LeaseDesk

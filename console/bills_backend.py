"""What the Budgets screen may ask about bills, savings and outlooks."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from router_core.admin.bills import BudgetCourse
from router_core.budgets.outlook import OutlookRow
from router_core.cost.reconciliation import Reconciliation
from router_core.cost.savings import Savings
from router_core.ports import UsageBy
from router_core.types import Principal

__all__ = ["BillsBackend"]


class BillsBackend(Protocol):
    """Every method raises :class:`ForbiddenError` when ``person`` lacks the right."""

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

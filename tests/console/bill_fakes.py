"""What the console knows of bills, savings and outlooks in tests: the real facade over a record in memory."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from router_core.admin.bills import Bills, BillsParts, BudgetCourse
from router_core.admin.treasury import BudgetView
from router_core.budgets.forecast import Forecast
from router_core.budgets.memory_usage import MemoryUsage
from router_core.budgets.outlook import OutlookRow
from router_core.clock import SystemClock
from router_core.cost.reconciliation import KnownModel, Reconciliation
from router_core.cost.savings import Savings
from router_core.ports import UsageBy
from router_core.types import Principal, ProviderConfig, Snapshot, model_family
from tests.support.bills_desk import BOOK

__all__ = ["BillsDouble"]


class _Money(Protocol):
    async def budgets(self, person: Principal) -> Sequence[BudgetView]: ...

    async def forecasts(self, person: Principal, views: Sequence[BudgetView]) -> Mapping[str, Forecast]: ...


class _Config:
    def snapshot(self) -> Snapshot:
        return Snapshot(
            ProviderConfig(
                id=model, name=model, kind="openai", model=model, use_cases=("draft",), max_tokens=1_000,
                context_window=8_000,
            )
            for model in ("gpt-4o-mini", "gpt-4o")
        )  # fmt: skip


class BillsDouble:
    """The bills of a console backend whose budgets are those of ``money``: tell ``usage`` of requests.

    ``error`` is raised by everything that reads.
    """

    def __init__(self, money: _Money) -> None:
        self.usage = MemoryUsage()
        self.error: Exception | None = None
        owner = Principal(kind="embedded", id="", name="", role="owner", accounts=())
        self._bills = Bills(
            BillsParts(
                usage=self.usage,
                config=_Config(),
                canonical=lambda name: KnownModel("openai" if name.startswith("gpt") else "", model_family(name)),
                price=BOOK.get,
                budgets=money.budgets,
                forecasts=lambda views: money.forecasts(owner, views),
                clock=SystemClock(),
            )
        )

    async def reconcile(self, data: bytes, person: Principal, tolerance: Decimal) -> Reconciliation:
        self._fail()
        return await self._bills.reconcile(data, person, tolerance)

    async def savings(self, days: int, person: Principal, zone: ZoneInfo) -> Savings:
        self._fail()
        return await self._bills.savings(days, person, zone)

    async def outlook(self, by: UsageBy, person: Principal, suppose: str | None = None) -> Sequence[OutlookRow]:
        self._fail()
        return await self._bills.outlook(by, person, suppose)

    async def course(self, budget_id: str, person: Principal) -> BudgetCourse:
        self._fail()
        return await self._bills.course(budget_id, person)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

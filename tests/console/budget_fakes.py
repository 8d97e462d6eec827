"""What the Budgets screen shows in tests."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from router_core.admin.action_trail import ActionTrail
from router_core.admin.lease_desk import LeaseDesk
from router_core.admin.price_desk import PriceDesk
from router_core.admin.topups import TopUps
from router_core.admin.treasury import BudgetOrder, BudgetView, BudgetWord
from router_core.budgets.forecast import Forecast, forecast
from router_core.clock import SystemClock
from router_core.errors import ValidationError
from router_core.ports import SpendBy, SpendHour
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import NANO_PER_USD, Budget, Principal
from tests.support.alert_worlds import memory_desk
from tests.support.price_worlds import price_world
from tests.support.treasury_desk import treasury_desk

__all__ = ["BudgetDouble", "budget_view"]


def budget_view(limit: int | None, spent: int, **changes: object) -> BudgetView:
    """Return a daily budget of acme in dollars."""
    now = SystemClock().utcnow()
    nano = None if limit is None else limit * NANO_PER_USD
    view = {"own": True} | {name: changes.pop(name) for name in BudgetView.__struct_fields__ if name in changes}
    fields = {"id": f"b{limit}", "scope": "account", "target": "acme", "period": "daily", "limit": nano} | changes
    share = None if limit is None else 100.0 * spent / limit
    word: BudgetWord = "ok" if share is None or share < 80 else "warning" if share < 100 else "exceeded"
    return BudgetView(
        budget=Budget(**fields),  # type: ignore[arg-type]
        limit=nano, period_key=now.date().isoformat(), starts=now, ends=now + timedelta(hours=5),
        spent=spent * NANO_PER_USD, held=0, overage=0, percent=share, word=word, **view,  # type: ignore[arg-type]
    )  # fmt: skip


class BudgetDouble:
    """The money of a console backend: fill ``views``, ``alerts`` and ``hours``; ``limits_set`` keeps what was set.

    ``money`` is a treasury in memory, for top-ups and leases.
    """

    def __init__(self) -> None:
        self.views: list[BudgetView] = []
        self.alerts = memory_desk(SystemClock())
        self.alerting = self.alerts.desk
        self.past: dict[datetime, int] = {}
        self.hours: list[SpendHour] = []
        self.limits_set: list[BudgetOrder] = []
        self.limits_dropped: list[str] = []
        self.refusal: ValidationError | None = None
        self.acts, clock = MemoryActionLog(), SystemClock()
        self.book = price_world(ActionTrail(self.acts, clock), clock)
        self.money = treasury_desk(MemoryAccountStore(), ActionTrail(self.acts, clock), clock)

    @property
    def prices(self) -> PriceDesk:
        return self.book.desk

    @property
    def topups(self) -> TopUps:
        return self.money.topups

    @property
    def leases(self) -> LeaseDesk:
        return self.money.leases

    async def drop_budget(self, person: Principal, budget_id: str) -> None:
        self.limits_dropped.append(budget_id)

    async def budgets(self, person: Principal) -> Sequence[BudgetView]:
        return self.views

    async def forecasts(self, person: Principal, views: Sequence[BudgetView]) -> Mapping[str, Forecast]:
        return {
            each.budget.id: forecast(
                history=self.past, now=SystemClock().utcnow(), end=each.ends, spent=each.spent,
                limit=each.budget.limit, zone=ZoneInfo("UTC"),
            )
            for each in views
        }  # fmt: skip

    async def set_budget(self, person: Principal, order: BudgetOrder) -> Budget:
        if self.refusal is not None:
            raise self.refusal
        self.limits_set.append(order)
        return self.views[0].budget

    async def spending(self, person: Principal, by: SpendBy, since: datetime, until: datetime) -> Sequence[SpendHour]:
        return [each for each in self.hours if since <= each.hour < until]

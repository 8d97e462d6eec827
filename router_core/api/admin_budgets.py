"""``/api/admin/budgets``: limits on money, and how they stand."""

from msgspec import Struct

from router_core.admin.treasury import BudgetOrder, BudgetView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing
from router_core.types import Budget

__all__ = ["BudgetDropped", "BudgetList", "drop_budget", "list_budgets", "set_budget"]


class BudgetList(Struct, frozen=True, rename="camel"):
    """Every budget that the caller may see, amounts in nano-dollars."""

    budgets: list[BudgetView]


class BudgetDropped(Struct, frozen=True, rename="camel"):
    """The budget is gone; every process follows within 2 s."""

    id: str


async def list_budgets(call: Call) -> None:
    """Answer with every budget and how it stands."""
    await call.answer(BudgetList(list(await call.deps.money.treasury.budgets(call.principal))))


async def set_budget(call: Call) -> None:
    """Set a limit: a new one, or another amount."""
    order: BudgetOrder = await read_document(call, BudgetOrder)
    budget: Budget = await call.deps.money.treasury.set_budget(order, call.principal)
    await call.answer(budget)


async def drop_budget(call: Call) -> None:
    """Remove a limit."""
    await read_nothing(call)
    budget_id = call.parameter("id")
    await call.deps.money.treasury.drop_budget(budget_id, call.principal)
    await call.answer(BudgetDropped(budget_id))

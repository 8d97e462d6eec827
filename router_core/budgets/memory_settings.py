"""The in-memory twin of the stored limits."""

from msgspec import structs

from router_core.budgets.memory_topups import MemoryTopUps
from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept, refuse_limit
from router_core.types import Budget, BudgetBook, DefaultBudgets, TopUp

__all__ = ["MemoryBudgetSettings"]


class MemoryBudgetSettings:
    """Keeps limits; a :class:`BudgetSettings`. It knows no accounts, keys or providers: every target exists."""

    def __init__(self, defaults: DefaultBudgets | None = None, topups: MemoryTopUps | None = None) -> None:
        self._defaults = defaults or DefaultBudgets()
        self._topups = topups
        self._rows: dict[str, Budget] = {}
        self._revision = 1
        self._topped: tuple[TopUp, ...] = ()
        self._book = BudgetBook(defaults=self._defaults)

    def book(self) -> BudgetBook:
        """Return all limits, and the top-ups that are approved."""
        if self._topups is not None and self._topups.approved is not self._topped:
            self._topped = self._topups.approved
            self._swap()
        return self._book

    async def put_budget(self, budget: Budget) -> int:
        """Set a limit; return the new revision. Raises :class:`ValidationError` for a value that is not allowed."""
        refuse_limit(budget)
        budget = as_kept(budget)
        place = (budget.scope, budget.target, budget.period, budget.mode)
        old = next((each for each in self._rows.values() if _place(each) == place), None)
        if old is not None:
            budget = structs.replace(budget, id=old.id, version=old.version + 1)
        self._rows[budget.id] = budget
        return self._swap()

    async def check_budget(self, budget: Budget) -> None:
        """Change nothing; raise what :meth:`put_budget` would raise."""
        refuse_limit(budget)
        as_kept(budget)

    async def drop_budget(self, budget_id: str) -> int:
        """Remove a limit; return the new revision. Raises :class:`NotFoundError` when there is none such."""
        if self._rows.pop(budget_id, None) is None:
            raise NotFoundError("There is no such budget")
        return self._swap()

    def _swap(self) -> int:
        self._revision += 1
        self._book = BudgetBook(self._rows.values(), defaults=self._defaults, topups=self._topped)
        return self._revision


def _place(budget: Budget) -> tuple[str, str, str, str]:
    return (budget.scope, budget.target, budget.period, budget.mode)

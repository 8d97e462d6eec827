"""The original's budget tracker: counts what accounts spend by day and month, in memory, for one process."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from router_core.budgets.periods import period_at
from router_core.budgets.refusals import budget_status, dollars
from router_core.clock import Clock, SystemClock
from router_core.types import Budget, BudgetPeriod, NanoUSD, parse_usd

__all__ = ["BudgetTracker", "TrackedCost"]

OK, PAYMENT_REQUIRED = 200, 402
_PERIODS: tuple[BudgetPeriod, ...] = ("daily", "monthly")


class TrackedCost(Struct, frozen=True, kw_only=True):
    """What came of tracking a cost: ``status`` 200, or 402 with the original's ``code`` and ``message``."""

    status: int
    budget_status: dict[str, Any]
    code: str | None = None
    message: str | None = None


class BudgetTracker:
    """Budgets in dollars for every account alike; amounts are exact decimals. For several processes and real money,
    :class:`router_core.budgets.guard.LeasedBudget` is what holds.
    """

    def __init__(
        self,
        *,
        daily_budget: Decimal | int = 100,
        monthly_budget: Decimal | int = 1_000,
        alert_threshold: int = 80,
        timezone: str = "UTC",
        clock: Clock | None = None,
    ) -> None:
        limits = {"daily": parse_usd(str(daily_budget)), "monthly": parse_usd(str(monthly_budget))}
        self._budgets = [
            Budget(
                id=period, scope="account", target="", period=period, limit=limits[period], timezone=timezone,
                thresholds=(alert_threshold,),
            )
            for period in _PERIODS
        ]  # fmt: skip
        self._clock = clock or SystemClock()
        self._topups: dict[tuple[str, BudgetPeriod], list[tuple[NanoUSD, datetime]]] = {}
        self._spent: dict[tuple[str, str], NanoUSD] = {}

    def track_cost(self, account_id: str, cost: Decimal | str, model: str = "") -> TrackedCost:  # noqa: ARG002 - as it was
        """Count ``cost`` dollars, unless a budget has no room for it; return which it was.

        Raises ``ValueError`` for what is no amount of dollars.
        """
        amount = parse_usd(str(cost))
        if amount < 0:
            raise ValueError("a cost must not be negative")
        for budget in self._budgets:
            spent, limit = self._spent_of(account_id, budget), self._limit_of(account_id, budget)
            if spent + amount > limit:
                said = (
                    f"{budget.period.capitalize()} budget exceeded. Current: {dollars(spent)}, "
                    f"Request: {dollars(amount)}, Limit: {dollars(limit)}"
                )
                status = self.get_status(account_id)
                return TrackedCost(status=PAYMENT_REQUIRED, code="PAYMENT_REQUIRED", message=said, budget_status=status)
        for budget in self._budgets:
            self._spent[self._key(account_id, budget)] = self._spent_of(account_id, budget) + amount
        return TrackedCost(status=OK, budget_status=self.get_status(account_id))

    def get_status(self, account_id: str) -> dict[str, Any]:
        """Return the original's view of an account's budgets; dollars as numbers."""
        figures = ((each, self._spent_of(account_id, each), self._limit_of(account_id, each)) for each in self._budgets)
        return budget_status(figures)

    def top_up(self, account_id: str, period: BudgetPeriod, amount: Decimal | str, until: datetime) -> None:
        """Add ``amount`` dollars to an account's budget of ``period`` until then. Raises ``ValueError``."""
        added = parse_usd(str(amount))
        if added <= 0 or until.tzinfo is None:
            raise ValueError("a top-up must be above 0, and its end must say its time zone")
        self._topups.setdefault((account_id, period), []).append((added, until))

    def _limit_of(self, account_id: str, budget: Budget) -> NanoUSD:
        now = self._clock.utcnow()
        running = self._topups.get((account_id, budget.period), [])
        return (budget.limit or 0) + sum(amount for amount, until in running if now < until)

    def _spent_of(self, account_id: str, budget: Budget) -> NanoUSD:
        return self._spent.get(self._key(account_id, budget), 0)

    def _key(self, account_id: str, budget: Budget) -> tuple[str, str]:
        return (account_id, period_at(budget.period, budget.timezone, self._clock.utcnow()).key)

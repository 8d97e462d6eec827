"""What a caller is told whose budget is spent."""

from collections.abc import Iterable, Mapping
from typing import Any

from router_core.budgets.slices import Slice
from router_core.errors import PaymentRequiredError
from router_core.types import NANO_PER_USD, Budget, BudgetScope, NanoUSD, SpentOut, dollars

__all__ = ["budget_status", "dollars", "exceeded", "unpriced"]

_OWNERS: Mapping[BudgetScope, str] = {
    "installation": " of this installation",
    "account": "",
    "key": " of the API key",
    "use_case": " of the use case",
    "provider": " of the provider",
}
_FIELDS = tuple(f"{period}{name}" for period in ("daily", "monthly") for name in ("Used", "Budget", "Percentage"))


def exceeded(short: Slice, bound: NanoUSD, all_slices: Iterable[Slice]) -> PaymentRequiredError:
    """Return the refusal of a request that would cost up to ``bound`` nano-dollars more than is left."""
    budget, spent = short.budget, short.spent()
    owner = _OWNERS[budget.scope]
    return PaymentRequiredError(
        f"{budget.period.capitalize()} budget{owner} exceeded. Current: {dollars(spent)}, "
        f"Request: {dollars(bound)}, Limit: {dollars(short.limit)}",
        budget_status=budget_status((each.budget, each.spent(), each.limit) for each in all_slices),
        yields=budget.mode == "downgrade" or budget.scope == "provider",
        spent_out=SpentOut(
            budget=budget.pot, period=short.span.key, mode=budget.mode, limit=short.limit, spent=spent, asked=bound
        ),
    )


def unpriced(model: str, all_slices: Iterable[Slice]) -> PaymentRequiredError:
    """Return the refusal of a model whose cost nobody knows, where a budget holds."""
    return PaymentRequiredError(
        f"No price is known for {model}, and a budget applies",
        budget_status=budget_status((each.budget, each.spent(), each.limit) for each in all_slices),
        yields=True,
    )


def budget_status(figures: Iterable[tuple[Budget, NanoUSD, NanoUSD | None]]) -> dict[str, Any]:
    """Return the original's view of an account's budgets out of budget, spent and limit; dollars as numbers.

    None stands for what is not known: a budget that binds nothing is counted by the record alone.
    """
    status: dict[str, Any] = {}
    alerts = []
    # Where an account has several budgets of a period, the tightest one that binds is its budget.
    for budget, spent, limit in sorted(figures, key=lambda each: (not each[0].binds, each[2] or 0)):
        if budget.scope != "account" or f"{budget.period}Used" in status:
            continue
        share = _percentage(spent, limit)
        status[f"{budget.period}Used"] = spent / NANO_PER_USD
        status[f"{budget.period}Budget"] = None if limit is None else limit / NANO_PER_USD
        status[f"{budget.period}Percentage"] = share
        if limit is not None and share >= min(budget.thresholds, default=100):
            used = f"{_cents(spent)}/{_cents(limit)}"
            alerts.append(f"{budget.period.capitalize()} budget at {share:.1f}% ({used})")
    return {**dict.fromkeys(_FIELDS), **status, "alerts": alerts}


def _percentage(spent: NanoUSD, limit: NanoUSD | None) -> float:
    if limit is None:
        return 0.0
    if limit == 0:
        return 100.0
    return round(100 * spent / limit, 1)


def _cents(amount: NanoUSD) -> str:
    """Return an amount to the cent, one below a dollar exactly: budgets of cents would all read ``$0.00``."""
    return dollars(amount) if amount < NANO_PER_USD else f"${amount / NANO_PER_USD:,.2f}"

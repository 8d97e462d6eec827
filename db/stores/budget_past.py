"""What was spent before anybody limited it: a new budget begins with what its period cost so far."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import structs
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.record_models import UsageHour
from db.records.budgets import keep_pot, locked_pots, pot_of
from router_core.budgets.periods import period_at
from router_core.types import Budget, BudgetScope

__all__ = ["count_past"]

_NAMES: Final[Mapping[BudgetScope, InstrumentedAttribute[str]]] = {
    "key": UsageHour.api_key,
    "provider": UsageHour.provider,
    "use_case": UsageHour.use_case,
}


def count_past(session: Session, budget: Budget, now: datetime, *, again: bool = False) -> None:
    """Have the pot of ``budget`` know what its period cost so far, in whole hours of UTC.

    An account's pot counts from the account's first request on and is left alone. So is a provider's with a limit that
    is set ``again``: it has what each call cost, usage what each request did, at whoever served it in the end.
    """
    if budget.scope == "account" or (again and budget.scope == "provider"):
        return
    span = period_at(budget.period, budget.timezone, now)
    query = select(func.coalesce(func.sum(UsageHour.cost), 0)).where(UsageHour.hour >= span.start)
    if budget.scope in _NAMES:
        query = query.where(_NAMES[budget.scope] == budget.target)
    key = (budget.pot, span.key)
    row = locked_pots(session, {key}, now)[key]
    pot = pot_of(row)
    spent = int(session.scalar(query) or 0)
    keep_pot(row, structs.replace(pot, spent=max(pot.spent, spent)), now)

"""What top-ups add to the limits of pots: now, for who asks for money, and when it was spent, for alerts."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.budget_models import BudgetTopUpRow
from router_core.types import NanoUSD

__all__ = ["running_topups", "topped_up_when"]

_PotKey = tuple[str, str]


def running_topups(session: Session, pots: Collection[str], now: datetime) -> Mapping[str, NanoUSD]:
    """Return what the limits of each of ``pots`` are raised by at ``now``."""
    query = _of(pots, now).where(BudgetTopUpRow.state == "approved")
    sums: Counter[str] = Counter()
    for row in session.scalars(query):
        sums[_pot(row)] += row.amount
    return sums


def topped_up_when(session: Session, moments: Mapping[_PotKey, datetime]) -> Mapping[_PotKey, NanoUSD]:
    """Return what the limit of each pot was raised by at its moment; those that were ended since count till then."""
    if not moments:
        return {}
    query = _of({pot for pot, _ in moments}, min(moments.values()))
    rows = session.scalars(query.where(BudgetTopUpRow.state.in_(("approved", "ended")))).all()
    return {
        (pot, period): sum(
            each.amount
            for each in rows
            if _pot(each) == pot and each.decided_at is not None and each.decided_at <= moment < each.ends_at
        )
        for (pot, period), moment in moments.items()
    }


def _of(pots: Collection[str], since: datetime) -> Select[BudgetTopUpRow]:
    targets = {pot.partition(":")[2].rpartition(":")[0] for pot in pots}
    return select(BudgetTopUpRow).where(BudgetTopUpRow.target.in_(sorted(targets)), BudgetTopUpRow.ends_at > since)


def _pot(row: BudgetTopUpRow) -> str:
    return f"{row.scope}:{row.target}:{row.period}"

"""Charges of finished requests against budgets, inside the recorder's transaction, and the alerts that they raise."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.budget_models import BudgetAlertRow, BudgetLease, BudgetPot, BudgetRow
from db.upserts import insert_into
from router_core.budgets.escrow import Lease, Pot, charged
from router_core.types import Charge, NanoUSD, RequestEvent

__all__ = ["PotKey", "keep_pot", "lease_of", "locked_pot", "post_charges"]

PotKey = tuple[str, str]


def post_charges(session: Session, events: Iterable[RequestEvent], now: datetime) -> None:
    """Put what ``events`` are charged on record: money moves from leased to spent, what no lease covers is overage."""
    sums = _summed(charge for event in events for charge in event.charges)
    for key, charges in groupby(sorted(sums, key=lambda each: (each.budget, each.period)), _key):
        _post(session, key, list(charges), now)


def locked_pot(session: Session, key: PotKey, now: datetime) -> BudgetPot:
    """Return the pot of ``key``, made if need be; whoever else wants to change it waits."""
    query = select(BudgetPot).filter_by(budget=key[0], period=key[1]).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        first = insert_into(session, BudgetPot.__table__).on_conflict_do_nothing()
        session.execute(first, {"budget": key[0], "period": key[1], "thresholds": (), "touched_at": now})
        found = session.scalars(query).one()
    return found


def keep_pot(row: BudgetPot, pot: Pot, now: datetime) -> None:
    """Write ``pot`` back."""
    row.spent, row.leased, row.overage, row.touched_at = pot.spent, pot.leased, pot.overage, now


def lease_of(row: BudgetLease) -> Lease:
    """Return a stored lease as a value."""
    return Lease(amount=row.amount, posted=row.posted, settled=row.settled, closed=row.closed)


def _key(charge: Charge) -> PotKey:
    return (charge.budget, charge.period)


def _summed(charges: Iterable[Charge]) -> list[Charge]:
    """Add up what goes to the same lease of the same pot."""
    sums: dict[tuple[str, str, str], list[NanoUSD]] = defaultdict(lambda: [0, 0])
    for charge in charges:
        held = sums[charge.lease, charge.budget, charge.period]
        held[0] += charge.amount
        held[1] += charge.overage
    return [Charge(*key, amount, overage) for key, (amount, overage) in sums.items()]


def _post(session: Session, key: PotKey, charges: Sequence[Charge], now: datetime) -> None:
    row = locked_pot(session, key, now)
    leases = _leases(session, [each.lease for each in charges if each.lease])
    before = pot = Pot(spent=row.spent, leased=row.leased, overage=row.overage)
    for charge in charges:
        held = leases.get(charge.lease)
        pot, lease = charged(pot, None if held is None else lease_of(held), charge)
        if held is not None and lease is not None:
            held.posted = lease.posted
    keep_pot(row, pot, now)
    _raise_alerts(session, row, before.spent, now)
    session.flush()
    over = [each.id for each in leases.values() if lease_of(each).is_over]
    if over:
        session.execute(delete(BudgetLease).where(BudgetLease.id.in_(over)))


def _leases(session: Session, ids: Sequence[str]) -> Mapping[str, BudgetLease]:
    if not ids:
        return {}
    query = select(BudgetLease).where(BudgetLease.id.in_(ids)).order_by(BudgetLease.id).with_for_update()
    return {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}


def _raise_alerts(session: Session, pot: BudgetPot, before: NanoUSD, now: datetime) -> None:
    """Note every threshold that was crossed; once for each period and limit, whoever crosses it."""
    if pot.spent == before:
        return
    scope, _, rest = pot.budget.partition(":")
    target, _, kind = rest.rpartition(":")
    own = session.scalars(select(BudgetRow).filter_by(scope=scope, target=target, period=kind)).all()
    for limit, thresholds in [(each.amount, each.thresholds) for each in own] or [(pot.amount, pot.thresholds)]:
        if limit is not None:
            crossed = [int(each) for each in thresholds if 100 * pot.spent >= int(each) * limit]
            _note(session, pot, limit, crossed, now)


def _note(session: Session, pot: BudgetPot, limit: NanoUSD, thresholds: Sequence[int], now: datetime) -> None:
    statement = insert_into(session, BudgetAlertRow.__table__).on_conflict_do_nothing()
    place = {"budget": pot.budget, "period": pot.period, "amount": limit, "spent": pot.spent, "at": now}
    if thresholds:
        session.execute(statement, [{**place, "threshold": each} for each in thresholds])

"""Charges of finished requests against budgets, inside the recorder's transaction, and the alerts that they raise."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from db.budget_models import BudgetLease, BudgetPot, BudgetRow
from db.records.alerts import raise_alerts
from db.records.topups import topped_up_when
from db.upserts import insert_into
from router_core.budgets.alarms import LimitOnPot, PotChange, pot_alerts, spent_out_alerts, unpriced_alerts
from router_core.budgets.burn import pack_marks, spend_marked, unpack_marks
from router_core.budgets.escrow import Lease, Pot, charged
from router_core.types import Alert, Charge, NanoUSD, RequestEvent

__all__ = ["PotKey", "keep_pot", "lease_of", "locked_pots", "post_charges", "pot_of"]

PotKey = tuple[str, str]


def post_charges(session: Session, events: Collection[RequestEvent], now: datetime) -> None:
    """Put what ``events`` are charged on record: money moves from leased to spent, what no lease covers is overage.

    What people should know of it is raised in the same transaction.
    """
    alerts = [*_charge(session, events, now), *spent_out_alerts(events, now), *unpriced_alerts(events, now)]
    raise_alerts(session, alerts, now)


def _charge(session: Session, events: Collection[RequestEvent], now: datetime) -> list[Alert]:
    sums = _summed(charge for event in events for charge in event.charges)
    if not sums:
        return []
    rows = locked_pots(session, {(each.budget, each.period) for each in sums}, now)
    before = {key: pot_of(row) for key, row in rows.items()}
    leases = _leases(session, {each.lease for each in sums if each.lease})
    for charge in sums:
        row, held = rows[charge.budget, charge.period], leases.get(charge.lease)
        pot, lease = charged(pot_of(row), None if held is None else lease_of(held), charge)
        keep_pot(row, pot, now)
        if held is not None and lease is not None:
            held.posted, held.beyond_posted = lease.posted, lease.beyond_posted
    _mark(rows, events, now)
    session.flush()
    over = [each.id for each in leases.values() if lease_of(each).is_over]
    if over:
        session.execute(delete(BudgetLease).where(BudgetLease.id.in_(over)))
    return _alerts(session, rows, before, topped_up_when(session, _begun(events)), now)


def locked_pots(session: Session, keys: Collection[PotKey], now: datetime) -> dict[PotKey, BudgetPot]:
    """Return the pots of ``keys``, made if need be; whoever else wants to change one waits.

    They are locked in one order in every process, so that two of them never wait for each other.
    """
    found = _lock(session, keys)
    missing = sorted(set(keys) - found.keys())
    if missing:
        made = [{"budget": key[0], "period": key[1], "thresholds": (), "touched_at": now} for key in missing]
        session.execute(insert_into(session, BudgetPot.__table__).on_conflict_do_nothing(), made)
        found = _lock(session, keys)
    return found


def _lock(session: Session, keys: Collection[PotKey]) -> dict[PotKey, BudgetPot]:
    query = (
        select(BudgetPot)
        .where(tuple_(BudgetPot.budget, BudgetPot.period).in_(sorted(keys)))
        .order_by(BudgetPot.budget, BudgetPot.period)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.budget, row.period): row for row in session.scalars(query)}


def pot_of(row: BudgetPot) -> Pot:
    """Return a stored pot as a value."""
    return Pot(spent=row.spent, leased=row.leased, overage=row.overage)


def keep_pot(row: BudgetPot, pot: Pot, now: datetime) -> None:
    """Write ``pot`` back."""
    row.spent, row.leased, row.overage, row.touched_at = pot.spent, pot.leased, pot.overage, now


def lease_of(row: BudgetLease) -> Lease:
    """Return a stored lease as a value."""
    return Lease(
        amount=row.amount, posted=row.posted, settled=row.settled, beyond=row.beyond, beyond_posted=row.beyond_posted,
        closed=row.closed,
    )  # fmt: skip


def _summed(charges: Iterable[Charge]) -> list[Charge]:
    """Add up what goes to the same lease of the same pot."""
    sums: dict[tuple[str, str, str], list[NanoUSD]] = defaultdict(lambda: [0, 0])
    for charge in charges:
        held = sums[charge.lease, charge.budget, charge.period]
        held[0] += charge.amount
        held[1] += charge.overage
    return [Charge(*key, amount, overage) for key, (amount, overage) in sums.items()]


def _leases(session: Session, ids: Collection[str]) -> Mapping[str, BudgetLease]:
    if not ids:
        return {}
    query = select(BudgetLease).where(BudgetLease.id.in_(sorted(ids))).order_by(BudgetLease.id).with_for_update()
    return {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}


def _begun(events: Iterable[RequestEvent]) -> Mapping[PotKey, datetime]:
    """Return when the last request that is charged to each pot began: by then its money was not held yet."""
    last: dict[PotKey, datetime] = {}
    for event in events:
        began = event.timestamp - timedelta(milliseconds=event.latency_ms)
        for charge in event.charges:
            key = (charge.budget, charge.period)
            last[key] = max(began, last.get(key, began))
    return last


def _mark(rows: Mapping[PotKey, BudgetPot], events: Iterable[RequestEvent], now: datetime) -> None:
    """Note in the pots when the money was spent."""
    spends: dict[PotKey, list[tuple[datetime, NanoUSD]]] = defaultdict(list)
    for event in events:
        for charge in event.charges:
            spends[charge.budget, charge.period].append((event.timestamp, charge.amount))
    for key, spent in spends.items():
        rows[key].marks = pack_marks(spend_marked(unpack_marks(rows[key].marks or b""), spent, now))


def _alerts(
    session: Session,
    rows: Mapping[PotKey, BudgetPot],
    before: Mapping[PotKey, Pot],
    topped_up: Mapping[PotKey, NanoUSD],
    now: datetime,
) -> list[Alert]:
    """Return what there is reason to tell, of limits with what tops them up; most of it was told before."""
    own = _own_limits(session, list(rows.values()))
    found: list[Alert] = []
    for key, row in rows.items():
        more = topped_up.get(key, 0)
        limits = [each.raised(more) for each in own.get(row.budget) or [_limit(row.amount, row.thresholds)]]
        change = PotChange(
            budget=row.budget, period=row.period, before=before[key], after=pot_of(row),
            marks=unpack_marks(row.marks or b""),
        )  # fmt: skip
        found.extend(pot_alerts(change, limits, row.amount, now))
    return found


def _own_limits(session: Session, pots: Sequence[BudgetPot]) -> dict[str, list[LimitOnPot]]:
    """Return the limits that somebody set on ``pots``."""
    targets = {pot.budget.partition(":")[2].rpartition(":")[0] for pot in pots}
    found: dict[str, list[LimitOnPot]] = defaultdict(list)
    for row in session.scalars(select(BudgetRow).where(BudgetRow.target.in_(sorted(targets)))):
        found[f"{row.scope}:{row.target}:{row.period}"].append(_limit(row.amount, row.thresholds))
    return found


def _limit(amount: NanoUSD | None, thresholds: Iterable[str]) -> LimitOnPot:
    return LimitOnPot(amount, tuple(map(int, thresholds)))

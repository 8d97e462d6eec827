"""Budgets on SQL: limits as part of the configuration, money leased to processes, balances."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from db.budget_models import BudgetLease, BudgetPot, BudgetRow
from db.hop import StoreHop
from db.pieces import batched
from db.records.budgets import PotKey, keep_pot, lease_of, locked_pots, pot_of
from db.records.topups import running_topups
from db.upserts import insert_into
from router_core.budgets.escrow import Lease, adjusted, ended
from router_core.clock import Clock
from router_core.ports import LeaseAnswer, LeaseAsk
from router_core.ports.budgets import NOTHING_NEWER
from router_core.types import BudgetBalance, NanoUSD

__all__ = ["SqlBudgetStore"]

PIECE: Final = 500


class SqlBudgetStore:
    """Leases budgets to processes; a :class:`BudgetStore`.

    The limit is the stored one, else the one that is asked, and on top what is stored as topped up.
    """

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def adjust(self, writer: str, asks: Sequence[LeaseAsk]) -> Sequence[LeaseAnswer]:
        """Do everything asked for, in one transaction, and answer in the same order. Raises :class:`StoreError`."""
        now = self._clock.utcnow()

        def work(session: Session) -> Sequence[LeaseAnswer]:
            rows = locked_pots(session, {(each.budget.pot, each.period) for each in asks}, now)
            # By the clock once the pots are ours: a top-up may have ended while others had them.
            topped_up = running_topups(session, {each.budget.pot for each in asks}, self._clock.utcnow())
            return [
                _adjust(
                    session, writer, each, rows[each.budget.pot, each.period], topped_up.get(each.budget.pot, 0), now
                )
                for each in asks
            ]

        return await self._hop.write(work)

    async def recalled(self, writer: str) -> frozenset[str]:
        """Return the leases of ``writer`` that others wait for."""
        query = select(BudgetLease.id).where(BudgetLease.writer == writer, BudgetLease.recalled)
        return await self._hop.read(lambda session: frozenset(session.scalars(query)))

    async def reclaim(self, writer: str, *, but: str = "") -> NanoUSD:
        """End the leases of ``writer``, not those that begin with ``but``; return what was left in them."""
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: _reclaim(session, writer, but, now))

    async def balances(
        self, keys: Collection[PotKey], settled: Mapping[str, NanoUSD] = NOTHING_NEWER
    ) -> Sequence[BudgetBalance]:
        """Return the balances of pairs of budget and period; what nobody touched is left out."""

        def work(session: Session) -> Sequence[BudgetBalance]:
            found = []
            for some in batched(keys, PIECE):
                query = select(BudgetPot).where(tuple_(BudgetPot.budget, BudgetPot.period).in_(some))
                rows = session.scalars(query).all()
                sums = _settled(session, [(row.budget, row.period) for row in rows], settled)
                found += [_balance(row, sums.get((row.budget, row.period), 0)) for row in rows]
            return found

        return await self._hop.read(work) if keys else []


def _adjust(
    session: Session, writer: str, ask: LeaseAsk, row: BudgetPot, topped_up: NanoUSD, now: datetime
) -> LeaseAnswer:
    key = (ask.budget.pot, ask.period)
    own = session.get(BudgetRow, ask.budget.id)
    base = ask.budget.limit if own is None else own.amount
    limit = None if base is None else base + topped_up
    row.amount, row.thresholds = base, tuple(str(each) for each in ask.budget.thresholds)
    leases = _leases(session, key)
    held = leases.pop(ask.lease, None)
    others = sum(each.unposted() for each in leases.values())
    if held is None and ask.keep:
        return LeaseAnswer(lease=ask.lease, amount=0, known=row.spent + others, limit=limit, gone=True)
    uncovered = sum(each.uncovered for each in leases.values())
    pot, lease, granted = adjusted(pot_of(row), held or Lease(), limit, ask, uncovered)
    keep_pot(row, pot, now)
    _keep_lease(session, writer, ask, lease)
    if granted < ask.need:
        _recall(session, key, ask.lease)
    known = row.spent + others + lease.unposted()
    return LeaseAnswer(lease=ask.lease, amount=lease.amount, known=known, limit=limit)


def _leases(session: Session, key: PotKey) -> dict[str, Lease]:
    """Return every lease of a pot; nobody changes one while we have the pot."""
    query = select(BudgetLease).where(BudgetLease.budget == key[0], BudgetLease.period == key[1])
    return {row.id: lease_of(row) for row in session.scalars(query.execution_options(populate_existing=True))}


def _keep_lease(session: Session, writer: str, ask: LeaseAsk, lease: Lease) -> None:
    if lease.is_over:
        session.execute(delete(BudgetLease).where(BudgetLease.id == ask.lease))
        return
    values = {
        "amount": lease.amount, "posted": lease.posted, "settled": lease.settled, "beyond": lease.beyond,
        "beyond_posted": lease.beyond_posted, "closed": lease.closed, "recalled": False, "ends_at": ask.ends_at,
    }  # fmt: skip
    statement = insert_into(session, BudgetLease.__table__).on_conflict_do_update(index_elements=["id"], set_=values)
    session.execute(
        statement, {"id": ask.lease, "budget": ask.budget.pot, "period": ask.period, "writer": writer, **values}
    )


def _recall(session: Session, key: PotKey, but: str) -> None:
    session.execute(
        update(BudgetLease)
        .where(BudgetLease.budget == key[0], BudgetLease.period == key[1], BudgetLease.id != but)
        .values(recalled=True)
    )


def _settled(
    session: Session, keys: Sequence[PotKey], newer: Mapping[str, NanoUSD] = NOTHING_NEWER
) -> Mapping[PotKey, NanoUSD]:
    """Return what is spent out of leases and not on record yet."""
    if not keys:
        return {}
    query = select(BudgetLease).where(tuple_(BudgetLease.budget, BudgetLease.period).in_(list(keys)))
    sums: Counter[PotKey] = Counter()
    for row in session.scalars(query):
        sums[row.budget, row.period] += lease_of(row).unposted(newer.get(row.id, 0))
    return sums


def _reclaim(session: Session, writer: str, but: str, now: datetime) -> NanoUSD:
    found = session.scalars(select(BudgetLease).where(BudgetLease.writer == writer)).all()
    dead = [each for each in found if not (but and each.id.startswith(but))]
    rows = locked_pots(session, {(each.budget, each.period) for each in dead}, now)
    total = 0
    for lease in dead:
        session.refresh(lease, with_for_update=True)
        row = rows[lease.budget, lease.period]
        pot, left = ended(pot_of(row), lease_of(lease))
        keep_pot(row, pot, now)
        session.delete(lease)
        total += left
    return total


def _balance(row: BudgetPot, settled: NanoUSD) -> BudgetBalance:
    return BudgetBalance(
        budget=row.budget, period=row.period, spent=row.spent, leased=row.leased, settled=settled, overage=row.overage
    )

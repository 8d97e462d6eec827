"""Leases of budgets on SQL, as operators see them, and the end of one that nobody will end."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.budget_models import BudgetLease
from db.hop import StoreHop
from db.records.budgets import keep_pot, lease_of, locked_pots, pot_of
from db.stores.lookups import found_by_id
from router_core.budgets.escrow import ended
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports import LeaseRecord
from router_core.ports.keeping import refuse
from router_core.types import NanoUSD

__all__ = ["SqlLeaseRegister"]


class SqlLeaseRegister:
    """Tells of leases and writes them off; a :class:`LeaseRegister`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def leases(self, limit: int) -> Sequence[LeaseRecord]:
        """Return the leases whose ends come first."""
        query = select(BudgetLease).order_by(BudgetLease.ends_at, BudgetLease.id).limit(limit)
        return await self._hop.read(lambda session: [_record(row) for row in session.scalars(query)])

    async def lease(self, lease_id: str) -> LeaseRecord | None:
        """Return one lease."""
        return await found_by_id(self._hop, BudgetLease, lease_id, _record)

    async def write_off(self, lease_id: str, ended_before: datetime) -> NanoUSD:
        """End a lease; return what was left in it.

        Raises :class:`NotFoundError`, and :class:`ValidationError` unless its end was before ``ended_before``.
        """
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: _write_off(session, lease_id, ended_before, now))


def _write_off(session: Session, lease_id: str, ended_before: datetime, now: datetime) -> NanoUSD:
    found = session.get(BudgetLease, lease_id)
    if found is None:
        raise NotFoundError("There is no such lease")
    key = (found.budget, found.period)
    # The pot first, as everywhere; its process may have renewed or closed the lease meanwhile.
    row = locked_pots(session, {key}, now)[key]
    lease = session.get(BudgetLease, lease_id, with_for_update=True, populate_existing=True)
    if lease is None:
        raise NotFoundError("There is no such lease")
    refuse(lease.ends_at >= ended_before, "id", "names a lease that has not been over for long enough")
    pot, left = ended(pot_of(row), lease_of(lease))
    keep_pot(row, pot, now)
    session.delete(lease)
    return left


def _record(row: BudgetLease) -> LeaseRecord:
    return LeaseRecord(
        id=row.id, budget=row.budget, period=row.period, writer=row.writer, held=row.amount - row.posted,
        ends_at=row.ends_at,
    )  # fmt: skip

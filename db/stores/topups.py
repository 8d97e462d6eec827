"""Top-ups of budgets on SQL: those that are approved are part of the configuration."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import structs
from sqlalchemy import case, select, tuple_, update
from sqlalchemy.orm import Session

from db.budget_models import BudgetTopUpRow
from db.hop import StoreHop
from db.stores.lookups import found_by_id
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports.keeping import refuse, refuse_topup
from router_core.types import BudgetPeriod, BudgetScope, TopUp, TopUpState

__all__ = ["SqlTopUpStore", "load_topups"]


class SqlTopUpStore:
    """Keeps top-ups; a :class:`TopUpStore`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def add(self, topup: TopUp) -> None:
        """Store a new request. Raises :class:`ValidationError` for a value that is not allowed."""
        refuse_topup(topup)
        await self._hop.write(lambda session: session.add(BudgetTopUpRow(**_values(topup))))

    async def change(self, topup: TopUp, was: TopUpState) -> None:
        """Store what became of a top-up that is in the state ``was``; the configuration takes its next revision where
        limits move. Raises :class:`ValidationError` about ``state`` when it is in another by now.
        """
        refuse_topup(topup)
        now = self._clock.utcnow()
        await self._hop.write(lambda session: _change(session, topup, was, now))

    async def one(self, topup_id: str) -> TopUp | None:
        """Return the top-up with that id."""
        return await found_by_id(self._hop, BudgetTopUpRow, topup_id, _topup)

    async def recent(self, of: Collection[tuple[BudgetScope, str]] | None, limit: int) -> Sequence[TopUp]:
        """Return top-ups ``of`` these scopes and targets: those that wait, those that run, the others; newest first."""
        row = BudgetTopUpRow
        runs = (row.state == "approved") & (row.ends_at > self._clock.utcnow())
        rank = case((row.state == "pending", 0), (runs, 1), else_=2)
        query = select(row).order_by(rank, row.asked_at.desc(), row.id.desc()).limit(limit)
        if of is not None:
            query = query.where(tuple_(row.scope, row.target).in_(sorted(of)))
        return await self._hop.read(lambda session: [_topup(each) for each in session.scalars(query)])


def load_topups(session: Session, now: datetime) -> Sequence[TopUp]:
    """Return those that are approved and not over at ``now``."""
    wanted = (BudgetTopUpRow.state == "approved", BudgetTopUpRow.ends_at > now)
    query = select(BudgetTopUpRow).where(*wanted).order_by(BudgetTopUpRow.id)
    return [_topup(row) for row in session.scalars(query)]


def _change(session: Session, topup: TopUp, was: TopUpState, now: datetime) -> None:
    if "approved" in {was, topup.state}:
        next_revision(session, now)
    changed = update(BudgetTopUpRow).where(BudgetTopUpRow.id == topup.id, BudgetTopUpRow.state == was)
    if session.execute(changed.values(**_values(topup)).returning(BudgetTopUpRow.id)).first() is not None:
        return
    found = session.get(BudgetTopUpRow, topup.id)
    if found is None:
        raise NotFoundError("There is no such top-up")
    refuse(True, "state", f"is {found.state} by now: somebody else has decided")


def _values(topup: TopUp) -> dict[str, Any]:
    return structs.asdict(topup)


def _topup(row: BudgetTopUpRow) -> TopUp:
    return TopUp(
        id=row.id,
        scope=cast("BudgetScope", row.scope),
        target=row.target,
        period=cast("BudgetPeriod", row.period),
        amount=row.amount,
        reason=row.reason,
        ends_at=row.ends_at,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        asked_by_id=row.asked_by_id,
        state=cast("TopUpState", row.state),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        note=row.note,
        ended_by=row.ended_by,
    )

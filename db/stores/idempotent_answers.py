"""Answers under idempotency keys, on SQL."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from db.answer_models import IdempotentAnswer
from db.hop import StoreHop
from db.upserts import insert_into
from router_core.clock import Clock
from router_core.ports.idempotency import KEPT_S, AnswerClaim, ClaimedAnswer, Room

__all__ = ["SqlAnswers"]

# So many of an account's answers make room in one go.
_STEP: Final = 500


class SqlAnswers:
    """Keeps answers in the store; an :class:`AnswerStore`."""

    def __init__(self, hop: StoreHop, clock: Clock, room: Room | None = None) -> None:
        self._hop = hop
        self._clock = clock
        self._room = room or Room()

    async def claim(self, claim: AnswerClaim) -> ClaimedAnswer | None:
        """Take the place; return what is there instead when another has it."""
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: _claimed(session, claim, now))

    async def keep(self, claim: AnswerClaim, sealed: bytes) -> bool:
        """Keep the answer for 24 hours; return whether the place was still the claim's."""
        now = self._clock.utcnow()
        values = {"answer": sealed, "size": len(sealed), "ends_at": now + timedelta(seconds=KEPT_S)}

        def work(session: Session) -> bool:
            done = session.execute(update(IdempotentAnswer).where(*_own(claim)).values(values))
            if not isinstance(done, CursorResult) or not done.rowcount:
                return False
            _make_room(session, claim.account_id, self._room, now)
            return True

        return await self._hop.write(work)

    async def release(self, claim: AnswerClaim) -> None:
        """Leave the place, unless it is another's or has its answer."""
        await self._hop.write(lambda session: session.execute(delete(IdempotentAnswer).where(*_own(claim))))


def _claimed(session: Session, claim: AnswerClaim, now: datetime) -> ClaimedAnswer | None:
    values = {
        "place": claim.place, "account_id": claim.account_id, "body": claim.body, "lease": claim.lease,
        "claimed_at": now, "ends_at": now + timedelta(seconds=claim.lease_s), "size": 0, "answer": None,
    }  # fmt: skip
    row = IdempotentAnswer
    statement = insert_into(session, row.__table__).values(values)
    taken = session.execute(
        statement.on_conflict_do_update(index_elements=["place"], set_=values, where=row.ends_at <= now).returning(
            row.lease
        )
    ).first()
    if taken is not None:
        return None
    found = session.execute(select(row.body, row.answer).where(row.place == claim.place)).first()
    # Whoever had it has left it in this moment.
    return ClaimedAnswer(claim.body, None) if found is None else ClaimedAnswer(found.body, found.answer)


def _own(claim: AnswerClaim) -> tuple[ColumnElement[bool], ...]:
    row = IdempotentAnswer
    return (row.place == claim.place, row.lease == claim.lease, row.answer.is_(None))


def _make_room(session: Session, account_id: str, room: Room, now: datetime) -> None:
    """Remove what has ended, and the account's oldest answers beyond its room; rows in use are left to their users."""
    row = IdempotentAnswer
    ended = select(row.place).where(row.account_id == account_id, row.ends_at <= now).with_for_update(skip_locked=True)
    session.execute(delete(row).where(row.place.in_(ended)))
    own = (row.account_id == account_id, row.size > 0)
    number, size = session.execute(select(func.count(), func.coalesce(func.sum(row.size), 0)).where(*own)).one()
    if number <= room.answers and size <= room.size:
        return
    oldest = select(row.place, row.size).where(*own).order_by(row.ends_at, row.place).limit(_STEP)
    doomed = []
    for place, its_size in session.execute(oldest.with_for_update(skip_locked=True)):
        if number <= room.answers and size <= room.size:
            break
        doomed.append(place)
        number, size = number - 1, size - its_size
    session.execute(delete(row).where(row.place.in_(doomed)))

"""Projects finished requests into the store."""

from collections.abc import Collection

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.record_models import AuditRow, AuditWriter
from db.records.appending import append_records
from db.records.budgets import post_charges
from db.records.metrics import add_measures
from db.records.money import add_ledger_posts, add_usage
from db.records.rows import record_of_event
from router_core.audit.signatures import ChainSigner
from router_core.clock import Clock
from router_core.ports import BatchResult, EventBatch, JournalPosition

__all__ = ["SqlEventStore"]


class SqlEventStore:
    """One batch, one transaction: audit rows, ledger, usage and metrics; an :class:`EventStore`."""

    def __init__(self, hop: StoreHop, clock: Clock, signer: ChainSigner) -> None:
        self._hop = hop
        self._clock = clock
        self._signer = signer

    async def apply(self, batch: EventBatch) -> BatchResult:
        """Project ``batch``; events whose id is known are left out. Raises :class:`StoreError`."""
        return await self._hop.write(lambda session: self._apply(session, batch))

    async def position(self, writer: str) -> JournalPosition | None:
        """Return how far into its journal the store has everything of ``writer``, None when it knows none."""
        query = select(AuditWriter.segment, AuditWriter.offset).where(AuditWriter.id == writer)
        found = await self._hop.read(lambda session: session.execute(query).one_or_none())
        return None if found is None else JournalPosition(*found)

    async def known(self, ids: Collection[str]) -> set[str]:
        """Return which of these event ids are in the store."""
        query = select(AuditRow.id).where(AuditRow.id.in_(ids))
        return await self._hop.read(lambda session: set(session.scalars(query)))

    def _apply(self, session: Session, batch: EventBatch) -> BatchResult:
        events = list({event.id: event for event in batch.events}.values())
        records = [record_of_event(event) for event in events]
        appended = append_records(session, batch.writer, records, self._clock.utcnow(), self._signer)
        fresh = [event for event in events if event.id in appended.new]
        if fresh:
            add_ledger_posts(session, fresh)
            add_usage(session, fresh)
            add_measures(session, batch.writer, fresh)
            post_charges(session, fresh, self._clock.utcnow())
        if batch.position is not None:
            _move(session, batch.writer, batch.position)
        return BatchResult(added=len(fresh), known=len(batch.events) - len(fresh), head=appended.head)


def _move(session: Session, writer: str, position: JournalPosition) -> None:
    """Note how far the journal is in the store; never backwards."""
    is_behind = or_(
        AuditWriter.segment < position.segment,
        (AuditWriter.segment == position.segment) & (AuditWriter.offset < position.offset),
    )
    session.execute(
        update(AuditWriter)
        .where(AuditWriter.id == writer, is_behind)
        .values(segment=position.segment, offset=position.offset)
    )

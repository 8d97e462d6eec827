"""What operators did: rows of the audit log, each in a transaction and a place in a chain of its own."""

import asyncio
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from msgspec import Struct, convert
from sqlalchemy import or_, select, true

from db.hop import StoreHop
from db.record_models import AuditRow, AuditTrace
from db.records.appending import append_records
from db.records.rows import record_of_action
from router_core.audit.signatures import ChainSigner
from router_core.clock import Clock
from router_core.errors import ValidationError
from router_core.ports import HeadKeeper
from router_core.ports.keeping import as_kept, refuse
from router_core.types import REQUEST_EVENT, ChainHead, OperatorAction, Role

__all__ = ["SqlActionLog"]


class _Trace(Struct):
    actor_id: str = ""
    detail: dict[str, Any] = {}
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class SqlActionLog:
    """Appends acts to the chain of ``writer``; an :class:`ActionLog`."""

    def __init__(self, hop: StoreHop, clock: Clock, writer: str, signer: ChainSigner, heads: HeadKeeper) -> None:
        self._hop = hop
        self._clock = clock
        self._writer = writer
        self._signer = signer
        self._heads = heads

    async def append(self, action: OperatorAction) -> None:
        """Store ``action``. Raises :class:`ValidationError` when its id is taken or a value is not allowed."""
        kept = as_kept(action)
        check_action(kept)
        record, now = record_of_action(kept), self._clock.utcnow()

        def work(session: Any) -> ChainHead:
            appended = append_records(session, self._writer, [record], now, self._signer)
            if not appended.new:
                raise ValidationError("`id` is already taken", field="id")
            return appended.head

        head = await self._hop.write(work)
        await asyncio.to_thread(self._heads.keep, head, now)

    async def recent(self, limit: int, about: Sequence[str] = ()) -> Sequence[OperatorAction]:
        """Return at most ``limit`` actions, newest first: all, or those ``about`` what their verbs begin with."""
        known = or_(*(AuditRow.event.startswith(f"{each}.", autoescape=True) for each in about)) if about else true()
        query = (
            select(AuditRow, AuditTrace.trace)
            .outerjoin(AuditTrace, AuditTrace.id == AuditRow.id)
            .where(AuditRow.event != REQUEST_EVENT, known)
            .order_by(AuditRow.at.desc(), AuditRow.id.desc())
            .limit(limit)
        )
        return await self._hop.read(lambda session: [_action(*row) for row in session.execute(query)])


def check_action(action: OperatorAction) -> None:
    """Raise :class:`ValidationError` for an act without id or verb, and for one that looks like a request."""
    refuse(not action.id, "id", "is not allowed")
    refuse(action.role is not None and action.role not in get_args(Role), "role", "is not allowed")
    refuse(action.action in ("", REQUEST_EVENT), "action", "is not allowed")


def _action(row: AuditRow, trace: bytes | None) -> OperatorAction:
    more = _Trace() if trace is None else msgspec.json.decode(trace, type=_Trace)
    return OperatorAction(
        id=row.id,
        at=row.at,
        actor=row.actor,
        actor_id=more.actor_id,
        role=convert(row.role, Role | None),
        action=row.event,
        target=row.target,
        detail=more.detail,
        before=more.before,
        after=more.after,
        account_id=row.account_id,
        address=row.address,
    )

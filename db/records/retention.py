"""Removes what is older than its table keeps, a few thousand rows at a time."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from db.alert_models import AlertDeliveryRow, AlertRow
from db.answer_models import IdempotentAnswer
from db.budget_models import BudgetPot
from db.hop import StoreHop
from db.models import ConsoleSession, LoggedTransition, UptimeSlot
from db.record_models import AuditContent, AuditRow, AuditTrace, LedgerPost, MetricRollup, UsageHour
from db.records.pruning import prune_audit
from router_core.audit.signatures import ChainSigner
from router_core.clock import Clock
from router_core.types import RetentionReport, RetentionRule

__all__ = ["RETAINED", "SqlRetention"]

STEP_ROWS: Final = 5_000
_LOCK: Final = 7_340_011


class _Kept:
    """Where a table's time is, and which of its rows are meant, at any time or by the time before which they go."""

    def __init__(
        self, table: Any, moment: Any, condition: Any = None, *, ended: Callable[[datetime], list[Any]] | None = None
    ) -> None:
        self.table = table
        self.moment = moment
        self.condition = condition
        self.ended = ended


def _is_past(before: datetime) -> list[Any]:
    """Only pots of months before that of ``before``: one that still counts may be untouched for weeks."""
    return [BudgetPot.period < f"{before:%Y-%m}", BudgetPot.leased == 0]


def _is_told(before: datetime) -> list[Any]:
    """Only alerts of months before that of ``before``: those of the running one would be told again."""
    return [AlertRow.period < f"{before:%Y-%m}"]


def _is_unkept(before: datetime) -> list[Any]:
    """Only answers whose day is over; it began when they were complete, a little after their key was taken."""
    return [IdempotentAnswer.ends_at < before + timedelta(days=1)]


_TABLES: Final[Mapping[str, _Kept]] = MappingProxyType(
    {
        "audit_traces": _Kept(AuditTrace, AuditTrace.at),
        "audit_contents": _Kept(AuditContent, AuditContent.at),
        "metric_minutes": _Kept(MetricRollup, MetricRollup.start, MetricRollup.span == 60),
        "metric_ten_minutes": _Kept(MetricRollup, MetricRollup.start, MetricRollup.span == 600),
        "metric_hours": _Kept(MetricRollup, MetricRollup.start, MetricRollup.span == 3600),
        "usage_hours": _Kept(UsageHour, UsageHour.hour),
        "ledger_posts": _Kept(LedgerPost, LedgerPost.at),
        "budget_pots": _Kept(BudgetPot, BudgetPot.touched_at, ended=_is_past),
        "alert_deliveries": _Kept(AlertDeliveryRow, AlertDeliveryRow.created_at, AlertDeliveryRow.state != "pending"),
        "alerts": _Kept(AlertRow, AlertRow.at, ended=_is_told),
        "breaker_transitions": _Kept(LoggedTransition, LoggedTransition.at),
        "health_slots": _Kept(UptimeSlot, UptimeSlot.start),
        "idempotent_answers": _Kept(IdempotentAnswer, IdempotentAnswer.claimed_at, ended=_is_unkept),
        "console_sessions": _Kept(ConsoleSession, ConsoleSession.expires_at),
    }
)
RETAINED: Final = ("audit_log", *_TABLES)


class SqlRetention:
    """Removes old rows; several processes may run it, one at a time does."""

    def __init__(self, hop: StoreHop, clock: Clock, signer: ChainSigner) -> None:
        self._hop = hop
        self._clock = clock
        self._signer = signer

    async def count(self, rule: RetentionRule) -> RetentionReport:
        """Return how many rows a run would remove; of the audit log, those that are old enough."""
        before = self._before(rule)
        if before is None:
            return RetentionReport(table=rule.table, days=rule.days, before=None, removed=0)
        query = select(func.count()).select_from(AuditRow).where(AuditRow.at < before)
        if rule.table in _TABLES:
            kept = _TABLES[rule.table]
            query = select(func.count()).select_from(kept.table).where(*_old(kept, before))
        number = await self._hop.read(lambda session: session.scalar(query) or 0)
        return RetentionReport(table=rule.table, days=rule.days, before=before, removed=number)

    async def run(self, rule: RetentionRule) -> RetentionReport:
        """Remove what is too old. Raises :class:`StoreError`; what was removed until then stays removed."""
        before = self._before(rule)
        removed = 0
        while before is not None:
            step = await self._hop.write(self._step(rule.table, before))
            removed += step
            if step == 0:
                break
        return RetentionReport(table=rule.table, days=rule.days, before=before, removed=removed)

    def _before(self, rule: RetentionRule) -> datetime | None:
        return self._clock.utcnow() - timedelta(days=rule.days) if rule.days else None

    def _step(self, table: str, before: datetime) -> Callable[[Session], int]:
        def work(session: Session) -> int:
            if not _alone(session):
                return 0
            if table == "audit_log":
                now = self._clock.utcnow()
                return prune_audit(session.connection(), before, self._signer, now, most=STEP_ROWS)
            return _remove(session, _TABLES[table], before)

        return work


def _alone(session: Session) -> bool:
    """Say whether no other process is at it; SQLite lets in one writer anyhow."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}))


def _old(kept: _Kept, before: datetime) -> list[Any]:
    ended = [] if kept.ended is None else kept.ended(before)
    return [kept.moment < before, *([] if kept.condition is None else [kept.condition]), *ended]


def _remove(session: Session, kept: _Kept, before: datetime) -> int:
    key = tuple(kept.table.__table__.primary_key.columns)
    doomed = select(*key).where(*_old(kept, before)).limit(STEP_ROWS)
    places = session.execute(doomed).all()
    if not places:
        return 0
    if len(key) == 1:
        session.execute(delete(kept.table).where(key[0].in_([place[0] for place in places])))
        return len(places)
    oldest = select(kept.moment).where(*_old(kept, before)).order_by(kept.moment).limit(STEP_ROWS)
    until = max(session.scalars(oldest).all())
    return int(session.execute(delete(kept.table).where(*_old(kept, before), kept.moment <= until)).rowcount)  # type: ignore[attr-defined]

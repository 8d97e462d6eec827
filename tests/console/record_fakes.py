"""What the Live screen and the audit log show in tests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from router_core.admin.chain_check import ChainCheckState
from router_core.audit.memory_log import MemoryAuditLog
from router_core.clock import SystemClock
from router_core.errors import OverloadedError
from router_core.journal.stats import RecorderStats
from router_core.metrics.live import LiveMetrics
from router_core.metrics.memory_store import MemoryMetricsStore
from router_core.metrics.overlay import PendingEvents
from router_core.types import (
    AuditChoices,
    AuditCount,
    AuditDetail,
    AuditFilter,
    AuditPage,
    DependencyReport,
    MetricsReport,
    Principal,
    RetentionRule,
)
from signalbox.screens.views import LiveScope
from tests.support.record_events import audit_row, event

__all__ = ["RecordBackend"]


class RecordBackend:
    """The record side of a console backend: fill :attr:`log` and :attr:`counted`, set :attr:`stats`, `stands_on`."""

    def __init__(self) -> None:
        self.log = MemoryAuditLog()
        self.counted = MemoryMetricsStore(datetime(2026, 1, 1, tzinfo=UTC))
        self.stats = RecorderStats(flushed=7)
        self.stands_on = DependencyReport(state="up", dependencies=())
        self.resets: list[str] = []
        self.check = ChainCheckState()
        self.unreadable: OverloadedError | None = None
        self.controls = frozenset({"metrics", "export"})
        self.figures = LiveMetrics(self.counted, PendingEvents(), SystemClock(), lambda: (3, 1))

    def fill(self, rows: int) -> None:
        """Add ``rows`` requests of the last hour, and one act."""
        now = SystemClock().utcnow()
        for number in range(1, rows + 1):
            at = now - timedelta(seconds=number * 20)
            self.log.add(audit_row(number, at=at, model="gpt-4o" if number % 4 else "claude-haiku-4-5"))
            self.counted.add(event(number, timestamp=at, latency_ms=100.0 + number))
        act = audit_row(
            rows + 1, at=now, event="breaker.reset", target="openai:x", provider=None, actor="ann@x.example"
        )
        self.log.add(AuditDetail(entry=act.entry, before={"phase": "OPEN"}, after={"phase": "CLOSED"}))

    async def live(self, person: Principal, scope: LiveScope) -> MetricsReport:
        self._read()
        if scope.between is not None:
            return await self.figures.report_between(*scope.between, scope.chosen)
        return await self.figures.report(scope.window, scope.chosen)

    async def recorder(self, person: Principal) -> RecorderStats:
        return self.stats

    async def dependencies(self, person: Principal) -> DependencyReport:
        return self.stands_on

    async def reset_metrics(self, person: Principal) -> None:
        self._read()
        self.resets.append(person.name)

    def _read(self) -> None:
        if self.unreadable is not None:
            raise self.unreadable

    async def audit_page(
        self, person: Principal, wanted: AuditFilter, *, limit: int, cursor: str | None, oldest: bool
    ) -> tuple[AuditPage, AuditCount]:
        self._read()
        page = await self.log.page(wanted, limit=limit, cursor=cursor, oldest=oldest)
        return page, await self.log.count(wanted)

    async def audit_detail(self, person: Principal, entry_id: str) -> AuditDetail | None:
        return await self.log.detail(entry_id, None)

    async def audit_choices(self, person: Principal) -> AuditChoices:
        return await self.log.choices(None)

    async def account_names(self, person: Principal) -> Mapping[str, str]:
        return {"acme": "Acme Corporation"}

    async def retention(self, person: Principal) -> Sequence[RetentionRule]:
        return [RetentionRule("audit_log", 365), RetentionRule("audit_traces", 30), RetentionRule("audit_contents", 0)]

    async def chain_check(self, person: Principal) -> ChainCheckState:
        return self.check

    async def start_chain_check(self, person: Principal) -> ChainCheckState:
        self.check = ChainCheckState(actor=person.name, started=SystemClock().utcnow())
        return self.check

"""What is too old goes, what is not stays, the chain still verifies, and every removal is on record."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select

from db.budget_models import BudgetPot
from db.hop import StoreHop
from db.queries.chain_reader import verify_chains
from db.record_models import AuditContent, AuditRow, AuditTrace, AuditWord, LedgerPost, MetricRollup
from db.records.event_store import SqlEventStore
from db.records.retention import RETAINED, SqlRetention
from db.stores import SqlActionLog
from router_core.admin.action_trail import ActionTrail
from router_core.admin.retention import RetentionJob
from router_core.audit.head_files import HeadFiles
from router_core.audit.signatures import ChainSigner
from router_core.ports import Attempted, EventBatch
from router_core.types import Content, RetentionRule
from tests.support.alert_worlds import alert, channel, sql_alerts
from tests.support.fake_clock import FakeClock
from tests.support.record_events import AT, event

SIGNER = ChainSigner(b"k" * 32)
DAY = 86_400


async def _count(hop: StoreHop, model: type) -> int:
    return int(await hop.read(lambda session: session.scalar(select(func.count()).select_from(model)) or 0))


async def _filled(hop: StoreHop, files: HeadFiles, clock: FakeClock) -> SqlEventStore:
    """Write 3,000 requests on each of two days forty days apart."""
    store = SqlEventStore(hop, clock, SIGNER)
    content = Content(prompt="question", answer="reply")
    for day in (0, 40):
        for start in range(0, 3_000, 500):
            numbers = range(day * 10_000 + start, day * 10_000 + start + 500)
            made = [
                event(n, timestamp=clock.utcnow(), content=content if n % 100 == 0 else None, metadata={"n": "x"})
                for n in numbers
            ]
            result = await store.apply(EventBatch(writer="w", events=tuple(made)))
            files.keep(result.head, clock.utcnow())
        if day == 0:
            clock.advance(40 * DAY)
    return store


async def test_old_rows_go_by_whole_checkpoints_and_the_rest_verifies(store_engine: Engine, tmp_path: Path) -> None:
    hop, clock = StoreHop(store_engine), FakeClock(start=AT)
    files = HeadFiles(tmp_path / "audit", SIGNER)
    await _filled(hop, files, clock)
    trail = ActionTrail(SqlActionLog(hop, clock, "acts", SIGNER, files), clock)
    rules = [RetentionRule("audit_log", 30), RetentionRule("audit_traces", 10), RetentionRule("audit_contents", 10),
             RetentionRule("metric_minutes", 2), RetentionRule("ledger_posts", 0)]  # fmt: skip
    job = RetentionJob(rules, SqlRetention(hop, clock, SIGNER), trail, clock)
    reports = {each.table: each.removed for each in await job.run_once()}
    # Checkpoints stand at 500, 1,500, 2,500 and 3,500; the last holds rows that are young enough.
    assert reports["audit_log"] == 2_500
    assert reports["audit_traces"] == 3_000
    assert reports["audit_contents"] == 30
    assert reports["ledger_posts"] == 0
    assert await _count(hop, LedgerPost) == 6_000
    assert await _count(hop, AuditContent) == 30
    assert await _count(hop, AuditWord) > 0
    starts = select(MetricRollup.start).where(MetricRollup.span == 60)
    minutes = await hop.read(lambda session: list(session.scalars(starts)))
    assert all(start >= clock.utcnow() - timedelta(days=2) for start in minutes)
    heads = {each.writer: each for each in files.heads()}
    for report in verify_chains(store_engine, heads, SIGNER):
        assert report.fault is None, report
    query = select(AuditRow.target).where(AuditRow.event == "retention.pruned")
    acts = set(await hop.read(lambda session: list(session.scalars(query))))
    assert acts == {"audit_log", "audit_traces", "audit_contents", "metric_minutes"}
    assert (await job.run_once())[1].removed == 0


async def test_a_trace_that_retention_may_not_have_removed_is_missed(store_engine: Engine, tmp_path: Path) -> None:
    hop, clock = StoreHop(store_engine), FakeClock(start=AT)
    files = HeadFiles(tmp_path / "audit", SIGNER)
    await _filled(hop, files, clock)
    trail = ActionTrail(SqlActionLog(hop, clock, "acts", SIGNER, files), clock)
    await RetentionJob([RetentionRule("audit_traces", 10)], SqlRetention(hop, clock, SIGNER), trail, clock).run_once()
    assert all(report.fault is None for report in verify_chains(store_engine, {}, SIGNER))
    newest = event(400_000).id
    await hop.write(lambda session: session.delete(session.get_one(AuditTrace, newest)))
    faults = [report.fault for report in verify_chains(store_engine, {}, SIGNER) if report.fault is not None]
    assert [fault.id for fault in faults] == [newest]


async def test_every_rule_counts_and_runs_on_an_empty_store(store_hop: StoreHop) -> None:
    retention = SqlRetention(store_hop, FakeClock(), SIGNER)
    for table in RETAINED:
        assert (await retention.count(RetentionRule(table, 1))).removed == 0
        assert (await retention.run(RetentionRule(table, 1))).removed == 0
        assert (await retention.run(RetentionRule(table, 0))).before is None


async def test_alerts_deliveries_and_pots_of_ended_months_go_and_what_still_counts_stays(store_hop: StoreHop) -> None:
    clock = FakeClock(start=AT)
    world, hop = sql_alerts(store_hop, clock), store_hop
    await world.channels.put(channel())
    await world.raise_alerts([alert(at=clock.utcnow(), period="2026-02-28")])
    (claimed,) = await world.outbox.claim(clock.utcnow() + timedelta(seconds=90), 1)
    await world.outbox.settle(claimed.delivery, Attempted(delivered=True, status=200))
    await world.raise_alerts([alert(threshold=50, at=clock.utcnow())])
    for period in ("2026-02", "2026-02-28", "2026-03", "2026-03-01"):
        await _touch(hop, period, clock)
    await _touch(hop, "2026-01", clock, leased=1)
    clock.advance(20 * DAY)
    await world.raise_alerts([alert(threshold=90, at=clock.utcnow())])
    retention = SqlRetention(hop, clock, SIGNER)
    gone = {}
    for table in ("budget_pots", "alert_deliveries", "alerts"):
        planned = await retention.count(RetentionRule(table, 10))
        gone[table] = (planned.removed, (await retention.run(RetentionRule(table, 10))).removed)
    assert gone == {"budget_pots": (2, 2), "alert_deliveries": (1, 1), "alerts": (1, 1)}
    # The one of the running month stays, however old: it would be told again.
    assert [each.threshold for each in await world.reader.newest(10)] == [90, 50]
    pots = await hop.read(lambda session: sorted(session.scalars(select(BudgetPot.period))))
    assert pots == ["2026-01", "2026-03", "2026-03-01"]


async def _touch(hop: StoreHop, period: str, clock: FakeClock, *, leased: int = 0) -> None:
    now = clock.utcnow()
    pot = {"budget": "account:acme:daily", "period": period, "leased": leased, "thresholds": (), "touched_at": now}
    await hop.write(lambda session: session.add(BudgetPot(**pot)))

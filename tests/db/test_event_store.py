"""One transaction for a batch: audit rows, ledger, usage and metrics, exactly once and to the nano-dollar."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.record_models import AuditRow, AuditTrace, LedgerPost, MetricRollup, MetricTotal, UsageHour
from db.records.event_store import SqlEventStore
from db.records.metrics_store import SqlMetricsStore
from router_core.audit.chain import CHAINED, GENESIS, next_hash
from router_core.audit.signatures import ChainSigner
from router_core.metrics.live import LiveMetrics
from router_core.metrics.overlay import PendingEvents
from router_core.ports import EventBatch, JournalPosition
from router_core.types import RequestEvent
from tests.support.fake_clock import FakeClock
from tests.support.record_events import AT, event

SIGNER = ChainSigner(b"k" * 32)


def _store(hop: StoreHop) -> SqlEventStore:
    return SqlEventStore(hop, FakeClock(), SIGNER)


def _events(count: int, seed: int = 0) -> list[RequestEvent]:
    rng = random.Random(seed)
    return [
        event(
            number,
            timestamp=AT + timedelta(seconds=rng.randrange(7_200)),
            account_id=rng.choice(("acme", "globex", None)),
            provider=rng.choice(("a", "b", None)),
            status=rng.choice(("success", "error", "cancelled", "unknown")),
            error_code=rng.choice((None, "TIMEOUT")),
            cost=rng.choice((0, None, rng.randrange(1_000_000_000))),
            latency_ms=rng.random() * 5_000,
        )
        for number in range(count)
    ]


async def _one(hop: StoreHop, query: Any) -> Any:
    return await hop.read(lambda session: session.execute(query).scalar())


async def _apply(store: SqlEventStore, events: Sequence[RequestEvent], writer: str = "w") -> None:
    for start in range(0, len(events), 50):
        await store.apply(EventBatch(writer=writer, events=tuple(events[start : start + 50])))


async def test_every_projection_comes_to_the_same_sum(store_hop: StoreHop) -> None:
    events = _events(300)
    await _apply(_store(store_hop), events)
    spent = sum(each.cost or 0 for each in events)
    for column in (AuditRow.cost, LedgerPost.amount, UsageHour.cost, MetricTotal.cost):
        assert int(await _one(store_hop, select(func.sum(column)))) == spent
    for span in (60, 600, 3600):
        assert int(await _one(store_hop, select(func.sum(MetricRollup.cost)).where(MetricRollup.span == span))) == spent
    for column in (UsageHour.requests, MetricTotal.requests):
        assert int(await _one(store_hop, select(func.sum(column)))) == 300
    assert await _one(store_hop, select(func.count()).select_from(AuditRow)) == 300
    assert await _one(store_hop, select(func.count()).select_from(AuditTrace)) == 300


async def test_an_event_counts_once_however_often_it_comes(store_hop: StoreHop) -> None:
    store, events = _store(store_hop), _events(120)
    await _apply(store, events)
    again = await store.apply(EventBatch(writer="other", events=tuple(events[:80])))
    assert (again.added, again.known) == (0, 80)
    twice = await store.apply(EventBatch(writer="w", events=(event(900), event(900))))
    assert (twice.added, twice.known) == (1, 1)
    assert await _one(store_hop, select(func.count()).select_from(AuditRow)) == 121
    assert int(await _one(store_hop, select(func.sum(MetricTotal.requests)))) == 121


async def test_a_poisonous_batch_leaves_nothing_behind(store_hop: StoreHop) -> None:
    bad = event(2, use_case="with \x00 inside")
    with pytest.raises(Exception, match="NUL"):
        await _store(store_hop).apply(EventBatch(writer="w", events=(event(1), bad, event(3))))
    for model in (AuditRow, LedgerPost, UsageHour, MetricTotal):
        assert await _one(store_hop, select(func.count()).select_from(model)) == 0


async def test_rows_are_chained_in_order(store_hop: StoreHop) -> None:
    await _apply(_store(store_hop), _events(130))
    end = GENESIS
    rows = await store_hop.read(_raw_rows)
    assert [row["seq"] for row in rows] == list(range(1, 131))
    for row in rows:
        end = next_hash(end, row)
        assert row["hash"] == end


def _raw_rows(session: Session) -> list[dict[str, Any]]:
    table = AuditRow.__table__
    result = session.connection().exec_driver_sql(f"SELECT {', '.join((*CHAINED, 'hash'))} FROM {table} ORDER BY seq")
    flags = {"estimated", "cached", "streamed"}
    return [
        {
            name: bool(value) if name in flags else bytes(value) if isinstance(value, memoryview) else value
            for name, value in row._mapping.items()
        }
        for row in result
    ]


async def test_many_at_once_extend_one_chain_without_a_gap(store_hop: StoreHop) -> None:
    store = _store(store_hop)
    batches = [EventBatch(writer="w", events=(event(number), event(number + 500))) for number in range(20)]
    await asyncio.gather(*(store.apply(batch) for batch in batches))
    rows = await store_hop.read(_raw_rows)
    assert [row["seq"] for row in rows] == list(range(1, 41))


async def test_the_place_in_the_journal_never_goes_back(store_hop: StoreHop) -> None:
    store = _store(store_hop)
    assert await store.position("w") is None
    await store.apply(EventBatch(writer="w", events=(event(1),), position=JournalPosition(2, 500)))
    await store.apply(EventBatch(writer="w", events=(event(2),), position=JournalPosition(2, 100)))
    assert await store.position("w") == JournalPosition(2, 500)
    await store.apply(EventBatch(writer="w", events=(), position=JournalPosition(3, 0)))
    assert await store.position("w") == JournalPosition(3, 0)
    assert await store.known(["x", event(1).id]) == {event(1).id}


async def test_percentiles_are_right_over_writers_and_steps(store_hop: StoreHop) -> None:
    clock = FakeClock(start=AT + timedelta(minutes=20))
    rng = random.Random(3)
    latencies = [rng.lognormvariate(6, 1) for _ in range(900)]
    made = [
        event(number, latency_ms=latency, timestamp=AT + timedelta(seconds=rng.randrange(1_100)))
        for number, latency in enumerate(latencies)
    ]
    for writer in range(3):
        await _apply(_store(store_hop), made[writer * 300 : writer * 300 + 300], f"w{writer}")
    pending = PendingEvents()
    live = LiveMetrics(SqlMetricsStore(store_hop), pending, clock, lambda: (0, 0))
    report = await live.report("1h")
    ordered = sorted(latencies)
    for share, found in ((0.5, report.totals.p50_ms), (0.95, report.totals.p95_ms), (0.99, report.totals.p99_ms)):
        assert found == pytest.approx(ordered[int(share * 899)], rel=0.02)
    assert report.totals.requests == 900
    assert sum(point.totals.requests for point in report.series) == 900
    assert len(report.series) == 60
    pending.add(event(5_000, timestamp=clock.utcnow(), latency_ms=1.0))
    assert (await live.report("1h")).totals.requests == 901


async def test_a_reset_moves_the_epoch_and_nothing_else(store_hop: StoreHop) -> None:
    clock = FakeClock(start=AT + timedelta(days=400))
    pending = PendingEvents()
    live = LiveMetrics(SqlMetricsStore(store_hop), pending, clock, lambda: (0, 0))
    store = _store(store_hop)
    await store.apply(EventBatch(writer="w", events=(event(1, cost=5),)))
    await live.reset("ann")
    assert (await live.since_reset()).totals.requests == 0
    await store.apply(EventBatch(writer="w", events=(event(2, cost=7, timestamp=clock.utcnow()),)))
    assert (await live.since_reset()).totals.cost == 7
    pending.add(event(3, cost=11, timestamp=clock.utcnow()))
    pending.add(event(4, cost=13))
    assert (await live.since_reset()).totals.cost == 18
    assert int(await _one(store_hop, select(func.sum(MetricTotal.cost)))) == 12
    assert sum(each.measures.counts[0] for each in await live.ever()) == 2

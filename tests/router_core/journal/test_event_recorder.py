"""The recorder brings everything into the store: in batches, through outages, past what the store never takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from router_core.journal.entries import Gap
from router_core.journal.journal import FileJournal
from router_core.journal.poison import PoisonFile
from router_core.journal.policy import JournalPolicy
from router_core.journal.recorder import EventRecorder, RecorderParts, RecorderPolicy
from router_core.ports import JournalPosition
from tests.support.fake_clock import FakeClock
from tests.support.record_events import KeptHeads, KeptOverlay, ObedientStore, event

KIB = 1024


@dataclass
class Desk:
    """A recorder over a journal on disk and a store in memory."""

    folder: Path
    store: ObedientStore
    overlay: KeptOverlay
    heads: KeptHeads
    journal: FileJournal
    recorder: EventRecorder
    clock: FakeClock
    gaps: list[Gap]

    @property
    def ids(self) -> list[str]:
        return list(self.store.events)


def _desk(
    folder: Path, *, queue: int = 1_000, store: ObedientStore | None = None, first: int = 1, interval: float = 5.0
) -> Desk:
    clock, store, gaps = FakeClock(), store or ObedientStore(), list[Gap]()
    policy = JournalPolicy(sync="off", segment=64 * KIB, limit=16 * 1024 * KIB, outcome_room=KIB)
    journal = FileJournal(folder, policy, clock, first=first)
    overlay, heads = KeptOverlay(), KeptHeads()
    parts = RecorderParts(
        writer="w", store=store, heads=heads, overlay=overlay, poison=PoisonFile(folder / "aside"), on_gap=gaps.append,
        clock=clock,
    )  # fmt: skip
    reached = store.reached.get("w", JournalPosition())
    recorder = EventRecorder(journal, parts, RecorderPolicy(queue=queue, interval=interval), reached=reached)
    return Desk(folder, store, overlay, heads, journal, recorder, clock, gaps)


@asynccontextmanager
async def _running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if done():
            return
        await asyncio.sleep(0.0005)
    raise AssertionError("it never happened")


async def test_everything_recorded_is_in_the_store_after_a_drain(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    for number in range(250):
        desk.recorder.record(event(number))
    assert desk.overlay.waiting
    assert await desk.recorder.drain()
    assert desk.ids == [f"{number:026d}" for number in range(250)]
    assert desk.overlay.waiting == set()
    assert desk.recorder.pending == 0
    assert desk.heads.kept["w"].seq == 250


async def test_a_full_batch_goes_at_once_and_a_small_one_with_the_timer(tmp_path: Path) -> None:
    desk = _desk(tmp_path, interval=0.05)
    async with _running(desk.recorder.run):
        await _until(lambda: not desk.recorder.pending)
        for number in range(100):
            desk.recorder.record(event(number))
        await _until(lambda: len(desk.ids) == 100)
        desk.recorder.record(event(100, timestamp=desk.clock.utcnow()))
        await asyncio.sleep(0)
        assert len(desk.ids) == 100
        await _until(lambda: len(desk.ids) == 101)


async def test_an_outage_of_the_store_loses_nothing_and_memory_stays_bounded(tmp_path: Path) -> None:
    desk = _desk(tmp_path, queue=50)
    assert await desk.recorder.drain()
    desk.store.down = True
    for number in range(2_000):
        desk.recorder.record(event(number))
        if number % 500 == 0:
            assert not await desk.recorder.flush()
    stats = desk.recorder.stats()
    assert stats.queue_size <= 50 + 100
    assert stats.pending == 2_000
    assert stats.state == "behind"
    assert stats.last_error == "The store cannot be reached"
    desk.store.down = False
    assert await desk.recorder.drain()
    assert sorted(desk.ids) == [f"{number:026d}" for number in range(2_000)]
    after = desk.recorder.stats()
    assert (after.state, after.pending, after.flushed, after.failed, after.dropped) == ("ok", 0, 2_000, 0, 0)


async def test_what_comes_while_the_backlog_is_read_is_not_forgotten(tmp_path: Path) -> None:
    desk = _desk(tmp_path, queue=10)
    for number in range(100):
        desk.recorder.record(event(number))
    number = 100
    while desk.recorder.pending:
        await desk.recorder.flush()
        if number < 160:
            desk.recorder.record(event(number))
            number += 1
    assert sorted(desk.ids) == [f"{each:026d}" for each in range(160)]


async def test_a_poisonous_event_is_set_aside_and_the_others_get_through(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.store.refuses = lambda each: each.request_id in ("request-3", "request-77")
    for number in range(100):
        desk.recorder.record(event(number))
    assert await desk.recorder.drain()
    assert len(desk.ids) == 98
    stats = desk.recorder.stats()
    assert (stats.failed, stats.flushed, stats.pending) == (2, 98, 0)
    aside = PoisonFile(tmp_path / "aside").events()
    assert [each.request_id for each in aside] == ["request-3", "request-77"]
    assert desk.overlay.waiting == set()


async def test_a_store_that_takes_nothing_at_all_sets_nothing_aside(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    assert await desk.recorder.drain()
    desk.store.refuses = lambda _: True
    for number in range(5):
        desk.recorder.record(event(number))
    assert not await desk.recorder.drain()
    assert desk.recorder.stats().failed == 0
    desk.store.refuses = lambda _: False
    assert await desk.recorder.drain()
    assert len(desk.ids) == 5


async def test_the_next_process_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    first = _desk(tmp_path)
    for number in range(900):
        first.recorder.record(event(number))
    assert await first.recorder.flush()
    assert 0 < len(first.ids) < 900
    second = _desk(tmp_path, store=first.store, first=first.journal.end.segment + 1)
    second.recorder.record(event(5000))
    assert await second.recorder.drain()
    assert sorted(second.ids) == [*(f"{number:026d}" for number in range(900)), f"{5000:026d}"]


async def test_an_event_that_the_store_knows_is_not_counted_twice(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.recorder.record(event(1))
    assert await desk.recorder.drain()
    desk.recorder.record(event(1))
    assert await desk.recorder.drain()
    assert desk.recorder.stats().flushed == 1


async def test_gaps_are_handed_on(tmp_path: Path) -> None:
    clock = FakeClock()
    policy = JournalPolicy(sync="off", segment=4 * KIB, limit=8 * KIB, outcome_room=KIB, full="drop")
    journal = FileJournal(tmp_path, policy, clock, first=1)
    for number in range(40):
        journal.append(event(number))
    journal.release(JournalPosition(journal.end.segment, 0))
    journal.append(event(41))
    desk = _desk(tmp_path, first=journal.end.segment + 5)
    assert await desk.recorder.drain()
    assert desk.gaps[0].count > 0
    assert len(desk.gaps) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 99, 100, 101])
async def test_batches_of_every_size_arrive_whole(tmp_path: Path, count: int) -> None:
    desk = _desk(tmp_path)
    for number in range(count):
        desk.recorder.record(event(number))
    assert await desk.recorder.drain()
    assert len(desk.ids) == count

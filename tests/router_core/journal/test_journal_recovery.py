"""What dead processes left behind: calls whose end nobody knows, and whole journals that nobody holds."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import pytest

from router_core.journal.folders import WriterFolder, take_folder, take_orphans
from router_core.journal.journal import FileJournal
from router_core.journal.poison import PoisonFile
from router_core.journal.policy import JournalPolicy
from router_core.journal.recorder import EventRecorder, RecorderParts, RecorderPolicy
from router_core.journal.recovery import JournalRecovery
from router_core.journal.segment import segment_numbers
from router_core.journal.unknown import unknown_event
from router_core.ports import JournalPosition
from tests.support.fake_clock import FakeClock
from tests.support.record_events import KeptHeads, KeptOverlay, ObedientStore, event, intent

KIB = 1024
POLICY = JournalPolicy(sync="off", segment=16 * KIB, limit=4096 * KIB, outcome_room=KIB)


@dataclass
class Process:
    """One process with its folder; it dies by letting go of the lock."""

    folder: WriterFolder
    journal: FileJournal
    recorder: EventRecorder
    recovery: JournalRecovery

    def die(self) -> None:
        self.folder.release()

    async def recover(self) -> None:
        """Recover own and orphaned journals once, and bring everything into the store."""
        task = asyncio.ensure_future(self.recovery.run())
        for _ in range(2_000):
            await asyncio.sleep(0.001)
            if not take_orphans_left(self.folder) and not self.recovery.waits:
                break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await self.recorder.drain()


def take_orphans_left(own: WriterFolder) -> bool:
    return any(each.is_dir() and each != own.path for each in own.path.parent.iterdir())


def _process(root: Path, store: ObedientStore, name: str = "w1") -> Process:
    clock = FakeClock()
    folder = take_folder(root, name)
    reached = store.reached.get(folder.writer, JournalPosition())
    first = max([reached.segment, *segment_numbers(folder.path)]) + 1
    journal = FileJournal(folder.path, POLICY, clock, first=first)
    parts = RecorderParts(
        writer=folder.writer, store=store, heads=KeptHeads(), overlay=KeptOverlay(),
        poison=PoisonFile(folder.path / "set-aside.poison"), on_gap=lambda _: None, clock=clock,
    )  # fmt: skip
    recorder = EventRecorder(journal, parts, RecorderPolicy(), reached=reached)
    return Process(folder, journal, recorder, JournalRecovery(folder, journal, recorder, store, clock, store.reclaim))


def test_writers_that_begin_at_once_get_a_folder_each(tmp_path: Path) -> None:
    together = Barrier(8)

    def begin(number: int) -> str:
        together.wait(10)
        return take_folder(tmp_path, f"writer-{number}").writer

    with ThreadPoolExecutor(8) as threads:
        writers = list(threads.map(begin, range(8)))
    assert len(set(writers)) == 8


def test_two_processes_never_hold_one_folder(tmp_path: Path) -> None:
    one = take_folder(tmp_path, "a")
    two = take_folder(tmp_path, "b")
    assert (one.writer, two.writer) == ("a", "b")
    assert take_orphans(tmp_path, one) == []
    two.release()
    assert [each.writer for each in take_orphans(tmp_path, one)] == ["b"]


async def test_a_call_whose_end_is_nowhere_is_on_record_as_unknown_and_charged_at_its_reservation(
    tmp_path: Path,
) -> None:
    store = ObedientStore()
    first = _process(tmp_path, store)
    finished, lost = event(1), intent("LOST", bound=70_000)
    first.journal.intend(intent(finished.id))
    first.recorder.record(finished)
    first.journal.intend(lost)
    first.journal.intend(intent("LOST", number=2, provider="b", reason="failover", bound=70_000))
    first.die()
    second = _process(tmp_path, store)
    assert second.folder.writer == first.folder.writer
    await second.recover()
    assert store.events.keys() == {finished.id, "LOST"}
    known = store.events["LOST"]
    assert (known.status, known.error_code, known.cost, known.estimated) == (
        "unknown", "OUTCOME_UNKNOWN", 140_000, True,
    )  # fmt: skip
    assert [(each.number, each.provider, each.outcome) for each in known.decision.attempts] == [
        (1, "a", "unknown"),
        (2, "b", "unknown"),
    ]


async def test_what_a_dead_process_held_is_given_back_only_when_its_journal_is_on_record(tmp_path: Path) -> None:
    store = ObedientStore()
    alive, dead = _process(tmp_path, store, "w1"), _process(tmp_path, store, "w2")
    dead.recorder.record(event(1))
    dead.journal.intend(intent("LOST"))
    dead.die()
    store.down = True
    task = asyncio.ensure_future(alive.recovery.run())
    for _ in range(2_000):
        await asyncio.sleep(0.001)
        if not take_orphans_left(alive.folder):
            break
    await alive.recovery.reclaim_dead()
    assert "w2" not in store.reclaimed
    store.down = False
    assert await alive.recorder.drain()
    await alive.recovery.reclaim_dead()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert store.events.keys() == {event(1).id, "LOST"}
    assert store.reclaimed.count("w2") == 1


async def test_a_second_crash_right_after_changes_nothing(tmp_path: Path) -> None:
    store = ObedientStore()
    first = _process(tmp_path, store)
    first.journal.intend(intent("LOST"))
    first.recorder.record(event(1))
    first.die()
    second = _process(tmp_path, store)
    await second.recovery.recover_own()
    second.die()
    third = _process(tmp_path, store)
    await third.recover()
    assert store.events.keys() == {event(1).id, "LOST"}
    assert third.recorder.stats().flushed == 2


async def test_a_journal_that_nobody_holds_is_taken_over_and_its_folder_removed(tmp_path: Path) -> None:
    store = ObedientStore()
    alive = _process(tmp_path, store, "w1")
    dead = _process(tmp_path, store, "w2")
    for number in range(700):
        dead.recorder.record(event(number))
    dead.journal.intend(intent("LOST"))
    dead.die()
    await alive.recover()
    assert len(store.events) == 701
    assert store.events["LOST"].status == "unknown"
    assert not dead.folder.path.exists()


async def test_a_journal_is_told_of_as_taken_over_only_when_something_was_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = ObedientStore()
    alive = _process(tmp_path, store, "w1")
    clean, dead = _process(tmp_path, store, "w2"), _process(tmp_path, store, "w3")
    dead.recorder.record(event(1))
    clean.die()
    dead.die()
    await alive.recover()
    told = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert told == ["took over 1 requests from the journal of w3, which no process holds"]


async def test_only_what_the_store_lacks_is_taken_over(tmp_path: Path) -> None:
    store = ObedientStore()
    alive, dead = _process(tmp_path, store, "w1"), _process(tmp_path, store, "w2")
    dead.recorder.record(event(1))
    assert await dead.recorder.drain()
    dead.recorder.record(event(2))
    dead.die()
    await alive.recover()
    assert store.events.keys() == {event(1).id, event(2).id}
    assert alive.recorder.stats().flushed == 1


def test_an_unpriced_call_stays_unpriced() -> None:
    assert unknown_event([intent("x", bound=None)]).cost is None

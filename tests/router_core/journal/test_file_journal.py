"""The journal on a real disk: segments, limits, what is kept and what may go."""

from pathlib import Path

import pytest

from router_core.errors import OverloadedError
from router_core.journal.journal import FileJournal
from router_core.journal.policy import JournalPolicy
from router_core.journal.reading import read_chunk, unfinished
from router_core.journal.segment import segment_numbers
from router_core.ports import JournalPosition
from tests.support.fake_clock import FakeClock
from tests.support.record_events import event, intent

KIB = 1024
SMALL = JournalPolicy(sync="off", segment=16 * KIB, limit=64 * KIB, outcome_room=KIB)


def _journal(folder: Path, policy: JournalPolicy = SMALL, first: int = 1) -> FileJournal:
    return FileJournal(folder, policy, FakeClock(), first=first)


def _all(folder: Path) -> list[str]:
    return [each.id for each in read_chunk(folder, JournalPosition(), 10_000).events]


def _is_blocked(journal: FileJournal) -> bool:
    return journal.is_blocked


def _fill(journal: FileJournal) -> list[str]:
    """Begin calls until the journal refuses one; return the ids of the others."""
    begun: list[str] = []
    for number in range(10_000):
        try:
            journal.intend(intent(f"{number:026d}"))
        except OverloadedError:
            return begun
        begun.append(f"{number:026d}")
    raise AssertionError("the journal never filled")


def test_events_are_read_back_in_order_over_several_segments(tmp_path: Path) -> None:
    journal = _journal(tmp_path, JournalPolicy(sync="off", segment=4 * KIB, limit=1024 * KIB, outcome_room=256))
    for number in range(50):
        journal.append(event(number))
    assert len(segment_numbers(tmp_path)) > 5
    assert _all(tmp_path) == [f"{number:026d}" for number in range(50)]
    journal.close(settled=False)
    assert _all(tmp_path) == [f"{number:026d}" for number in range(50)]


def test_an_event_larger_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    journal = _journal(tmp_path, JournalPolicy(sync="off", segment=4 * KIB, limit=1024 * KIB, outcome_room=256))
    journal.append(event(1))
    journal.append(event(2, metadata={"long": "x" * 20_000}))
    journal.append(event(3))
    assert _all(tmp_path) == [f"{number:026d}" for number in (1, 2, 3)]
    journal.close(settled=True)
    assert segment_numbers(tmp_path) == []


def test_reading_goes_on_from_a_place_and_stops_at_another(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    places = [journal.append(event(number)) for number in range(10)]
    start, until = places[3], places[7]
    assert start is not None
    assert until is not None
    chunk = read_chunk(tmp_path, start, 100, until)
    assert [each.id for each in chunk.events] == [f"{number:026d}" for number in range(4, 8)]
    assert chunk.end == until
    journal.close(settled=False)


def test_segments_go_once_the_store_has_them(tmp_path: Path) -> None:
    journal = _journal(tmp_path, JournalPolicy(sync="off", segment=4 * KIB, limit=1024 * KIB, outcome_room=256))
    for number in range(30):
        journal.append(event(number))
    before = journal.size
    journal.release(journal.end)
    assert journal.size < before
    assert _all(tmp_path)[-1] == f"{29:026d}"
    journal.close(settled=True)
    assert segment_numbers(tmp_path) == []


def test_a_segment_stays_while_a_call_in_it_is_under_way(tmp_path: Path) -> None:
    journal = _journal(tmp_path, JournalPolicy(sync="off", segment=4 * KIB, limit=1024 * KIB, outcome_room=256))
    long_one = event(99)
    journal.intend(intent(long_one.id))
    for number in range(30):
        journal.append(event(number))
    journal.release(journal.end)
    assert long_one.id in unfinished(tmp_path, segment_numbers(tmp_path))[0]
    journal.append(long_one)
    journal.release(journal.end)
    assert unfinished(tmp_path, segment_numbers(tmp_path))[0] == {}
    journal.close(settled=True)


def test_a_full_journal_refuses_calls_but_never_the_end_of_one(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    begun = _fill(journal)
    with pytest.raises(OverloadedError) as refused:
        journal.intend(intent("one more"))
    assert refused.value.retry_after_ms == 1_000
    assert _is_blocked(journal)
    for number in range(len(begun)):
        assert journal.append(event(number)) is not None
    assert _all(tmp_path) == begun
    journal.close(settled=False)


def test_a_blocked_journal_takes_calls_again_once_the_store_has_caught_up(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    for number in range(len(_fill(journal))):
        journal.append(event(number))
    journal.release(journal.end)
    journal.intend(intent("later"))
    assert not _is_blocked(journal)
    journal.close(settled=False)


def test_under_the_policy_drop_calls_go_on_and_the_gap_is_on_record(tmp_path: Path) -> None:
    policy = JournalPolicy(sync="off", segment=16 * KIB, limit=32 * KIB, outcome_room=KIB, full="drop")
    journal = _journal(tmp_path, policy)
    written = 0
    for number in range(200):
        journal.intend(intent(f"{number:026d}"))
        written += journal.append(event(number)) is not None
    assert 0 < written < 200
    journal.release(JournalPosition(journal.end.segment, 0))
    journal.append(event(201))
    chunk = read_chunk(tmp_path, JournalPosition(), 10_000)
    assert [gap.count for gap in chunk.gaps] == [200 - written]
    journal.close(settled=False)


def test_a_folder_that_is_gone_blocks_until_it_is_back(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    tmp_path.rename(tmp_path.with_name("away"))
    with pytest.raises(OverloadedError):
        journal.intend(intent("a"))
    assert _is_blocked(journal)
    tmp_path.with_name("away").rename(tmp_path)
    journal.intend(intent("a"))
    assert not _is_blocked(journal)
    journal.close(settled=False)


def test_an_end_that_cannot_be_written_is_written_as_soon_as_it_can(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    tmp_path.rename(tmp_path.with_name("away"))
    assert journal.append(event(1)) is None
    assert journal.unwritten == 1
    tmp_path.with_name("away").rename(tmp_path)
    assert journal.append(event(2)) is not None
    assert _all(tmp_path) == [f"{number:026d}" for number in (1, 2)]
    journal.close(settled=False)


async def test_an_entry_is_on_disk_before_the_answer_where_that_is_asked_for(tmp_path: Path) -> None:
    journal = _journal(tmp_path, JournalPolicy(sync="each", segment=16 * KIB, limit=64 * KIB, outcome_room=KIB))
    journal.intend(intent("a"))
    assert journal.unsynced == 1
    await journal.settle()
    assert journal.unsynced == 0
    journal.close(settled=False)

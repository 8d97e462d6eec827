"""What people wrote lies on the disk sealed, and in the store cleaned, by what its account wants."""

import logging
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from router_core.journal.cleaning import cleaned
from router_core.journal.journal import FileJournal
from router_core.journal.poison import PoisonFile
from router_core.journal.policy import JournalPolicy
from router_core.journal.recorder import EventRecorder, RecorderParts, RecorderPolicy
from router_core.journal.sealing import EventSeal, PlainEvents, SealedEvents
from router_core.ports import JournalPosition
from router_core.types import Attempt, Content, RequestEvent
from tests.support.fake_clock import FakeClock
from tests.support.record_events import KeptHeads, KeptOverlay, ObedientStore, event

KEY = b"k" * 32
SECRET, PERSON = "sk-proj-Ab12Cd34Ef56Gh78Ij90", "ada@example.com"
TEXT = f"{PERSON} has {SECRET}\nand \x1b[31m more"


def written(number: int = 1, **changes: Any) -> RequestEvent:
    """Return an event with the same text wherever people or providers write."""
    made = event(
        number,
        content=Content(prompt=TEXT, answer=TEXT),
        metadata={"who": TEXT, "n": 3, f"by {SECRET}": None},
        **changes,
    )
    failed = Attempt(number=1, provider="a", model="m", outcome="PROVIDER_ERROR", latency_ms=1.0, error=TEXT)
    return structs.replace(made, decision=structs.replace(made.decision, attempts=(failed,)))


def recorder(folder: Path, store: ObedientStore, seal: EventSeal, *, queue: int = 1_000) -> EventRecorder:
    clock = FakeClock()
    policy = JournalPolicy(sync="off", segment=64 * 1024, limit=16 * 1024 * 1024, outcome_room=1024)
    first = max([0, *(int(each.stem) for each in folder.glob("*") if each.stem.isdigit())]) + 1
    journal = FileJournal(folder, policy, clock, first=first, seal=seal)
    parts = RecorderParts(
        writer="w", store=store, heads=KeptHeads(), overlay=KeptOverlay(), poison=PoisonFile(folder / "aside"),
        on_gap=lambda _: None, clock=clock,
    )  # fmt: skip
    return EventRecorder(journal, parts, RecorderPolicy(queue=queue), reached=JournalPosition())


def on_disk(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


def texts(found: RequestEvent) -> list[Any]:
    assert found.content is not None
    return [found.content.prompt, found.content.answer, found.metadata["who"], found.decision.attempts[0].error]


@pytest.mark.parametrize("queue", [1_000, 0])
async def test_the_store_gets_it_cleaned_and_the_disk_sealed(tmp_path: Path, queue: int) -> None:
    """From memory, and from the disk once more events wait than memory holds."""
    store = ObedientStore()
    record = recorder(tmp_path, store, SealedEvents(KEY), queue=queue)
    record.record(written(1))
    record.record(written(2, keeps_personal=True))
    assert SECRET.encode() not in on_disk(tmp_path)
    assert PERSON.encode() not in on_disk(tmp_path)
    assert await record.drain()
    first, second = store.events.values()
    assert texts(first) == ["[email] has sk-proj-***\nand  [31m more"] * 4
    assert texts(second) == [f"{PERSON} has sk-proj-***\nand  [31m more"] * 4
    assert (first.metadata["n"], first.sealed, first.status) == (3, b"", "success")
    assert [*first.metadata] == ["who", "n", "by sk-proj-***"]


async def test_another_process_of_the_installation_reads_what_this_one_left(tmp_path: Path) -> None:
    recorder(tmp_path, ObedientStore(), SealedEvents(KEY)).record(written())
    store = ObedientStore()
    assert await recorder(tmp_path, store, SealedEvents(KEY)).drain()
    (found,) = store.events.values()
    assert texts(found)[0].startswith("[email] has")


async def test_with_another_key_the_event_is_kept_and_its_texts_are_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder(tmp_path, ObedientStore(), SealedEvents(KEY)).record(written())
    store = ObedientStore()
    with caplog.at_level(logging.ERROR):
        assert await recorder(tmp_path, store, SealedEvents(b"l" * 32)).drain()
    (found,) = store.events.values()
    assert (found.content, found.metadata, found.cost) == (None, {}, 27_000)
    assert "cannot be read" in caplog.text


def test_a_seal_fits_one_event_only() -> None:
    seal = SealedEvents(KEY)
    moved = structs.replace(event(2), sealed=seal.close(written(1)).sealed)
    assert seal.open(moved).content is None
    assert seal.open(seal.close(written(1))) == written(1)


def test_an_event_in_which_nobody_wrote_is_left_as_it_is() -> None:
    plain = event(1, metadata={})
    assert SealedEvents(KEY).close(plain) is plain
    assert PlainEvents().open(PlainEvents().close(written())) == written()


def test_what_is_cleaned_twice_stays_as_it_is() -> None:
    once = cleaned(written())
    assert cleaned(once) == once

"""Puts the record side of a process together: its journal, the recorder, and the recovery of what dead ones left."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from router_core.clock import Clock, new_ulid
from router_core.journal.entries import Gap
from router_core.journal.folders import WriterFolder, take_folder
from router_core.journal.journal import FileJournal
from router_core.journal.poison import PoisonFile
from router_core.journal.policy import MIB, JournalPolicy
from router_core.journal.recorder import EventRecorder, Overlay, RecorderParts, RecorderPolicy
from router_core.journal.recovery import JournalRecovery
from router_core.journal.sealing import EventSeal
from router_core.journal.segment import segment_numbers
from router_core.journal.stats import RecorderStats
from router_core.ports import EventStore, HeadKeeper, JournalPosition
from router_core.types import DependencyState
from signalbox.faults import DependencyFault
from signalbox.settings import Settings
from signalbox.tasks import Followers

__all__ = ["JOURNAL_FOLDER", "RecordKeeping", "RecordParts", "open_record", "take_journal"]

JOURNAL_FOLDER = "journal"
POISON_FILE = "set-aside.poison"
# What the store may take to receive the rest when the process ends.
CLOSING_S = 8.0
RETRY_S = 0.25

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordParts:
    """What the record side is made from."""

    store: EventStore
    heads: HeadKeeper
    overlay: Overlay
    seal: EventSeal
    on_gap: Callable[[Gap], None]
    reclaim: Callable[[str], Awaitable[None]]
    clock: Clock


class RecordKeeping:
    """The journal of this process and the way into the store. Made by :func:`open_record`."""

    def __init__(
        self,
        folder: WriterFolder,
        journal: FileJournal,
        recorder: EventRecorder,
        recovery: JournalRecovery,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._started = clock.utcnow()
        self._folder = folder
        self._recovery = recovery
        self.journal = journal
        self.recorder = recorder

    @property
    def writer(self) -> str:
        """The name of this process's hash chain."""
        return self._folder.writer

    def stats(self) -> RecorderStats:
        """Return how the record is doing."""
        return self.recorder.stats()

    def start(self, stack: AsyncExitStack, followers: Followers) -> None:
        """Begin to bring events into the store; ``stack`` ends it when everything is there, or after 8 seconds."""
        stack.push_async_callback(self._close)
        followers.register.add(self._journal_state)
        lost = "After a loss of power the last moments before it may be missing."
        followers.plain(stack, "journal_sync", "The journal's way to the disk", lost, self.journal.run)
        followers.keep(stack, self.recorder.monitor, self.recorder.run)
        lost = "What processes that died left in their journals, and the money they held, is not taken over."
        followers.plain(stack, "recovery", "The recovery of dead processes' journals", lost, self._recovery.run)

    def _journal_state(self) -> DependencyState:
        stats, refusing = self.stats(), self.journal.policy.full == "block"
        bad = stats.state in ("blocked", "failing")
        return DependencyState(
            name="journal", title="The journal", state="down" if bad else "up", outages=self.journal.outages,
            failures=self.journal.outages, last_error=self.journal.last_error if bad else None,
            since=stats.since if bad and stats.since else self._started,
            works="Nothing new is served." if refusing else "Requests are served without a journal, as configured.",
            lost="New requests are refused with 503." if refusing else "A crash now loses what happened since.",
        )  # fmt: skip

    async def _close(self) -> None:
        settled = False
        try:
            async with asyncio.timeout(CLOSING_S):
                while not (settled := await self.recorder.drain()):
                    await self._clock.sleep(RETRY_S)
        except TimeoutError:
            settled = False
        if not settled:
            _log.warning("%d events wait in the journal for the next start", self.recorder.pending)
        self.journal.close(settled=settled)


async def take_journal(settings: Settings, clock: Clock) -> WriterFolder:
    """Return a journal folder that is this process's own. Raises :class:`DependencyFault`."""
    return await asyncio.to_thread(_take, settings.data_dir / JOURNAL_FOLDER, clock)


async def open_record(settings: Settings, folder: WriterFolder, parts: RecordParts) -> RecordKeeping:
    """Make the record side over ``folder``; nothing is read yet. Raises :class:`StoreError`."""
    reached = await parts.store.position(folder.writer) or JournalPosition()
    first = max([reached.segment, *segment_numbers(folder.path)]) + 1
    journal = FileJournal(folder.path, journal_policy(settings), parts.clock, first=first, seal=parts.seal)
    recorder = EventRecorder(
        journal,
        RecorderParts(
            writer=folder.writer,
            store=parts.store,
            heads=parts.heads,
            overlay=parts.overlay,
            poison=PoisonFile(folder.path / POISON_FILE),
            on_gap=parts.on_gap,
            clock=parts.clock,
        ),
        RecorderPolicy(batch=settings.audit_batch, interval=settings.audit_flush_s, queue=settings.audit_queue),
        reached=reached,
    )
    recovery = JournalRecovery(folder, journal, recorder, parts.store, parts.clock, parts.reclaim)
    return RecordKeeping(folder, journal, recorder, recovery, parts.clock)


def journal_policy(settings: Settings) -> JournalPolicy:
    """Return how the journal is kept."""
    limit = settings.journal_limit_mb * MIB
    # One segment is written, one stands ready, and one may wait for the store.
    segment = min(settings.journal_segment_mb * MIB, limit // 4)
    return JournalPolicy(sync=settings.journal_sync, full=settings.journal_full, limit=limit, segment=segment)


def _take(root: Path, clock: Clock) -> WriterFolder:
    try:
        return take_folder(root, new_ulid(clock).lower())
    except OSError as error:
        raise DependencyFault(f"the journal {root} cannot be used: {error.strerror}") from None

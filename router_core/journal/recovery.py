"""Takes over what dead processes left in their journals: their events, and the calls whose end nobody knows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from router_core.clock import Clock
from router_core.errors import OverloadedError
from router_core.journal.folders import WriterFolder, take_orphans
from router_core.journal.journal import FileJournal
from router_core.journal.reading import read_chunk, unfinished
from router_core.journal.recorder import EventRecorder
from router_core.journal.segment import segment_numbers, segment_path
from router_core.journal.unknown import unknown_event
from router_core.ports import EventStore, JournalPosition

__all__ = ["JournalRecovery"]

ORPHAN_INTERVAL_S = 30.0
CHUNK = 500
# Others' events go through our own journal; no more of them at once than the store keeps up with.
MOST_PENDING = 5_000
PAUSE_S = 0.1
LOOK_S = 1.0

Reclaim = Callable[[str], Awaitable[None]]

_log = logging.getLogger(__name__)


class JournalRecovery:
    """Recovers this process's own folder once, and those of others for as long as it runs.

    ``reclaim`` is called with the name of each writer whose process is dead, once all that it left is in the store.
    """

    def __init__(
        self,
        own: WriterFolder,
        journal: FileJournal,
        recorder: EventRecorder,
        store: EventStore,
        clock: Clock,
        reclaim: Reclaim,
    ) -> None:
        self._reclaim = reclaim
        self._dead: dict[str, JournalPosition] = {}
        self._own = own
        self._journal = journal
        self._recorder = recorder
        self._store = store
        self._clock = clock
        self._inherited = segment_numbers(own.path)
        if self._inherited:
            journal.pin(self._inherited[0])

    @property
    def waits(self) -> bool:
        """Whether the journal of the last process is still to be read."""
        return bool(self._inherited)

    async def run(self) -> None:
        """Recover until cancelled; what cannot be read now is tried again."""
        while self._inherited and not await self._attempt_own():
            await self._clock.sleep(ORPHAN_INTERVAL_S)
        self._dead.setdefault(self._own.writer, self._journal.end)
        while True:
            for orphan in await asyncio.to_thread(take_orphans, self._own.path.parent, self._own):
                await self._attempt_orphan(orphan)
            next_look = self._clock.now() + ORPHAN_INTERVAL_S
            while self._clock.now() < next_look:
                await self.reclaim_dead()
                await self._clock.sleep(LOOK_S if self._dead else ORPHAN_INTERVAL_S)

    async def reclaim_dead(self) -> None:
        """End what dead processes held whose journals are in the store by now; what cannot be is tried again."""
        for writer, end in list(self._dead.items()):
            if self._recorder.reached >= end:
                try:
                    await self._reclaim(writer)
                except OverloadedError as error:
                    _log.debug("what %s held cannot be given back yet: %s", writer, error)
                else:
                    del self._dead[writer]

    async def _attempt_own(self) -> bool:
        try:
            await self.recover_own()
        except OSError as error:
            _log.error("the journal of the last run cannot be read: %s", error.strerror)
            return False
        return True

    async def recover_own(self) -> None:
        """Write down that nobody knows how the calls ended that the last process left open. Raises ``OSError``.

        Its finished requests need no recovery: the recorder reads on where it had stopped.
        """
        if not self._inherited:
            return
        calls, ends = await asyncio.to_thread(unfinished, self._own.path, self._inherited)
        for intents in calls.values():
            self._recorder.record(unknown_event(intents))
        self._recorder.expect(ends)
        if calls:
            _log.warning("%d requests of the last run ended with its process, their outcome is unknown", len(calls))
        self._dead[self._own.writer] = self._journal.end
        self._journal.unpin(self._inherited[0])
        self._inherited = []

    async def _attempt_orphan(self, orphan: WriterFolder) -> None:
        try:
            count = await self._recover_orphan(orphan)
        except Exception as error:  # noqa: BLE001 - whatever its trouble is, it stays where it is and is tried again
            _log.error("the journal of %s cannot be recovered yet: %s", orphan.writer, error)
            orphan.release()
        else:
            level = logging.WARNING if count else logging.DEBUG
            _log.log(
                level, "took over %d requests from the journal of %s, which no process holds", count, orphan.writer
            )

    async def _recover_orphan(self, orphan: WriterFolder) -> int:
        numbers = segment_numbers(orphan.path)
        calls, _ = await asyncio.to_thread(unfinished, orphan.path, numbers)
        at = await self._store.position(orphan.writer) or JournalPosition()
        count = 0
        while True:
            chunk = await asyncio.to_thread(read_chunk, orphan.path, at, CHUNK)
            for event in chunk.events:
                self._recorder.record(event)
            count += len(chunk.events)
            at = chunk.end
            if len(chunk.events) < CHUNK:
                break
            while self._recorder.pending > MOST_PENDING:
                await self._clock.sleep(PAUSE_S)
        for intents in calls.values():
            self._recorder.record(unknown_event(intents))
        if self._journal.unwritten or self._journal.blocked_since is not None:
            raise OSError("our own journal cannot be written")
        await self._journal.sync_now()
        self._dead[orphan.writer] = self._journal.end
        self._clear(orphan, numbers)
        return count + len(calls)

    def _clear(self, orphan: WriterFolder, numbers: list[int]) -> None:
        for number in numbers:
            segment_path(orphan.path, number).unlink(missing_ok=True)
        for left in _set_aside(orphan.path):
            left.rename(self._own.path / f"{orphan.writer}-{left.name}")
        orphan.remove()


def _set_aside(folder: Path) -> list[Path]:
    return list(folder.glob("*.poison"))

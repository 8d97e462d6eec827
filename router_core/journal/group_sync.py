"""Waiting for the disk, many entries at once."""

import asyncio
import logging

from router_core.journal.segment import Segment

__all__ = ["GroupSync"]

_log = logging.getLogger(__name__)


class GroupSync:
    """Brings segments to the disk in a thread: whoever waits meanwhile shares the next round."""

    __slots__ = ("_dirty", "_full", "_noted", "_round", "_synced", "failed")

    def __init__(self) -> None:
        self._dirty: Segment | None = None
        self._full: list[Segment] = []
        self._noted = 0
        self._synced = 0
        self._round: asyncio.Task[None] | None = None
        self.failed = False

    @property
    def waiting(self) -> int:
        """How many entries are not on disk for sure."""
        return self._noted - self._synced

    def note(self, segment: Segment) -> None:
        """``segment`` was written to."""
        self._dirty = segment
        self._noted += 1

    def note_full(self, segment: Segment, *, wait: bool) -> None:
        """``segment`` is not written to any more; it is closed at once, or with ``wait`` once it is on disk."""
        if self._dirty is segment:
            self._dirty = None
        if wait:
            self._full.append(segment)
        else:
            segment.close()

    def close(self) -> None:
        """Close what was still to be brought to the disk; the system does that in its own time."""
        for segment in self._full:
            segment.close()
        self._full = []

    async def settle(self) -> None:
        """Return once everything noted so far is on disk, or the disk has failed."""
        wanted = self._noted
        while self._synced < wanted:
            if self._round is None:
                self._round = asyncio.create_task(self._sync())
            await asyncio.shield(self._round)
            if self.failed:
                return

    async def _sync(self) -> None:
        mark, dirty, full = self._noted, self._dirty, self._full
        self._full = []
        try:
            await asyncio.to_thread(_sync_all, dirty, full)
        except OSError as error:
            if not self.failed:
                _log.error("the journal cannot be brought to the disk: %s", error.strerror)
            self.failed = True
            self._full = full + self._full
        else:
            self._synced = mark
            self.failed = False
        finally:
            self._round = None


def _sync_all(dirty: Segment | None, full: list[Segment]) -> None:
    for segment in full:
        segment.sync()
        segment.close()
    if dirty is not None:
        dirty.sync()

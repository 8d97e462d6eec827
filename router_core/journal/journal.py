"""The journal of this process: segments on disk, written with one call to the system for each entry."""

import logging
from collections import Counter, deque
from datetime import datetime
from pathlib import Path

from router_core.clock import Clock, new_ulid
from router_core.errors import OverloadedError
from router_core.journal.entries import Gap, packed
from router_core.journal.group_sync import GroupSync
from router_core.journal.policy import JournalPolicy
from router_core.journal.sealing import EventSeal, PlainEvents
from router_core.journal.segment import Segment, segment_numbers, segment_path
from router_core.ports import JournalPosition
from router_core.types import Intent, RequestEvent

__all__ = ["FileJournal"]

BLOCKED = "Requests cannot be written down at the moment"
RETRY_AFTER_MS = 1_000

_log = logging.getLogger(__name__)


class FileJournal:
    """Appends to the newest segment of ``folder`` and keeps a spare one ready; a :class:`Journal`.

    It belongs to one event loop. Segments that were there before are left as they are: ``first`` is the number of the
    first one of this process. ``seal`` closes what is written. Every entry that cannot be written sets
    :attr:`blocked_since`; the next that can ends it.
    """

    def __init__(
        self, folder: Path, policy: JournalPolicy, clock: Clock, *, first: int, seal: EventSeal | None = None
    ) -> None:
        self.folder = folder
        self.policy = policy
        self.seal = seal or PlainEvents()
        self.blocked_since: datetime | None = None
        self.last_error: str | None = None
        self.outages = 0
        self.missed = 0
        self._clock = clock
        self._sizes = {number: segment_path(folder, number).stat().st_size for number in segment_numbers(folder)}
        self._next = first
        self._current: Segment | None = None
        self._spare: Segment | None = None
        self._open: dict[str, int] = {}
        self._pins: Counter[int] = Counter()
        self._unwritten: deque[tuple[bytes, int | None]] = deque()
        self._missed_since: datetime | None = None
        self._sync = GroupSync()

    # --- writing ---------------------------------------------------------------------------------------------------

    def intend(self, intent: Intent) -> None:
        """Write down a call before it is made.

        Raises :class:`OverloadedError` when that is impossible, or would leave no room for the ends of the requests
        under way; under the policy ``drop`` the call is made all the same.
        """
        data = packed(intent, "intent")
        if self._sync.failed or not self._has_room(len(data) + self._reserve()) or self._append(data) is None:
            self._blocked("no room is left for the ends of the requests under way")
            if self.policy.full == "block":
                raise OverloadedError(BLOCKED, retry_after_ms=RETRY_AFTER_MS)
            return
        self._unblocked()
        segment = self.end.segment
        if intent.event_id not in self._open:
            self._open[intent.event_id] = segment
            self._pins[segment] += 1

    def append(self, event: RequestEvent) -> JournalPosition | None:
        """Write down how a request ended; return the place behind it, None when it could not be written yet."""
        data = packed(self.seal.close(event), "outcome")
        pinned = self._open.pop(event.id, None)
        self._retry_unwritten()
        position = None if self._unwritten else self._append(data)
        if position is None:
            self._keep_for_later(data, pinned)
        elif pinned is not None:
            self.unpin(pinned)
        return position

    async def settle(self) -> None:
        """Return once what was written is as safe as the policy asks; at once unless it asks for each entry."""
        if self.policy.sync == "each":
            await self._sync.settle()

    async def sync_now(self) -> None:
        """Return once everything written so far is on disk, whatever the policy."""
        await self._sync.settle()

    async def run(self) -> None:
        """Wait for the disk every so often, as the policy asks, and try again what could not be written."""
        while True:
            await self._clock.sleep(self.policy.sync_interval)
            self._retry_unwritten()
            if self.blocked_since is not None and not self._unwritten and self._has_room(self._reserve()):
                self._unblocked()
            if self.policy.sync != "off":
                await self._sync.settle()

    # --- what is on disk -------------------------------------------------------------------------------------------

    @property
    def end(self) -> JournalPosition:
        """The place behind the last entry."""
        newest = self._current or self._spare
        return JournalPosition(self._next, 0) if newest is None else JournalPosition(newest.number, newest.offset)

    @property
    def is_blocked(self) -> bool:
        """Whether nothing can be written at the moment."""
        return self.blocked_since is not None

    @property
    def open_requests(self) -> int:
        """How many requests have calls whose end is not written yet."""
        return len(self._open)

    @property
    def size(self) -> int:
        """The bytes that all segments take up."""
        return sum(self._sizes.values())

    @property
    def unwritten(self) -> int:
        """How many ends of requests are in memory only, since they could not be written."""
        return len(self._unwritten)

    @property
    def unsynced(self) -> int:
        """How many entries the disk was not waited for yet."""
        return self._sync.waiting

    def pin(self, segment: int) -> None:
        """Keep ``segment`` and what follows it until :meth:`unpin`."""
        self._pins[segment] += 1

    def unpin(self, segment: int) -> None:
        """Take one :meth:`pin` back."""
        self._pins[segment] -= 1
        if self._pins[segment] <= 0:
            del self._pins[segment]

    def release(self, reached: JournalPosition) -> None:
        """Remove segments before ``reached``, of which the store has everything, unless a call in them is not over."""
        oldest_needed = min(self._pins, default=reached.segment)
        for number in [each for each in self._sizes if each < min(reached.segment, oldest_needed)]:
            self._remove(number)

    def close(self, *, settled: bool) -> None:
        """Close the files. With ``settled``, when the store has everything, no segment is left behind."""
        self._retry_unwritten()
        self._sync.close()
        for segment in (self._current, self._spare):
            if segment is not None:
                segment.close()
        if self._spare is not None:
            self._remove(self._spare.number)
        if settled and not self._open and not self._unwritten:
            for number in list(self._sizes):
                self._remove(number)
        self._current = self._spare = None

    # --- inside ----------------------------------------------------------------------------------------------------

    def _append(self, data: bytes) -> JournalPosition | None:
        """Write ``data`` behind the last entry; None, and blocked, when the disk does not take it."""
        segment = self._room_for(len(data))
        if segment is None:
            return None
        try:
            offset = segment.append(data)
        except OSError as error:
            self._blocked(error.strerror or "the disk does not take it")
            return None
        self._sync.note(segment)
        return JournalPosition(segment.number, offset)

    def _reserve(self) -> int:
        """Return what the ends of all requests under way may need, and that of one more."""
        return (len(self._open) + 1) * self.policy.outcome_room

    def _has_room(self, size: int) -> bool:
        if self._spare is None:
            self._spare = self._made(self.policy.segment)
        spare = 0 if self._spare is None else self._spare.free
        return spare >= size or (self._current is not None and spare + self._current.free >= size)

    def _room_for(self, size: int) -> Segment | None:
        """Return the segment that takes ``size`` bytes next: the present one, the spare, or one made for it."""
        if self._current is not None and self._current.free >= size:
            return self._current
        if self._spare is not None and self._spare.free < size:
            self._spare.close()
            self._remove(self._spare.number)
            self._spare = None
        following = self._spare or self._made(max(size, self.policy.segment))
        if following is None:
            return None
        if self._current is not None:
            self._sync.note_full(self._current, wait=self.policy.sync != "off")
        self._current, self._spare = following, None
        return following

    def _made(self, size: int) -> Segment | None:
        if self.size + size > self.policy.limit:
            self._blocked(f"the journal has reached its limit of {self.policy.limit:,} bytes")
            return None
        try:
            segment = Segment(self.folder, self._next, size)
        except OSError as error:
            self._blocked(error.strerror or "the disk does not take it")
            return None
        self._next += 1
        self._sizes[segment.number] = size
        return segment

    def _remove(self, number: int) -> None:
        segment_path(self.folder, number).unlink(missing_ok=True)
        del self._sizes[number]

    def _keep_for_later(self, data: bytes, pinned: int | None) -> None:
        if self.policy.full == "block":
            # As many as there are requests under way: no further ones are let in.
            self._unwritten.append((data, pinned))
            return
        if pinned is not None:
            self.unpin(pinned)
        self.missed += 1
        self._missed_since = self._missed_since or self._clock.utcnow()

    def _retry_unwritten(self) -> None:
        while self._unwritten:
            if self._append(self._unwritten[0][0]) is None:
                return
            _, pinned = self._unwritten.popleft()
            if pinned is not None:
                self.unpin(pinned)
        if self._missed_since is not None and self.missed and self._has_room(self.policy.outcome_room):
            now = self._clock.utcnow()
            gap = Gap(id=new_ulid(self._clock), count=self.missed, since=self._missed_since, until=now)
            if self._append(packed(gap, "gap")) is not None:
                self._missed_since, self.missed = None, 0

    def _blocked(self, reason: str) -> None:
        if self.blocked_since is None:
            self.last_error = reason
            self.outages += 1
            self.blocked_since = self._clock.utcnow()
            _log.error("the journal cannot be written, policy %s: %s", self.policy.full, reason)

    def _unblocked(self) -> None:
        if self.blocked_since is not None:
            self.blocked_since = None
            _log.warning("the journal can be written again")

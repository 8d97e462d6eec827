"""Brings what the journal holds into the store, in batches, and never loses one."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import OverloadedError
from router_core.journal.cleaning import cleaned, needs_cleaning
from router_core.journal.entries import Gap
from router_core.journal.journal import FileJournal
from router_core.journal.poison import PoisonFile
from router_core.journal.reading import read_chunk
from router_core.journal.stats import RecorderState, RecorderStats
from router_core.monitor import DependencyMonitor
from router_core.ports import EventBatch, EventStore, HeadKeeper, JournalPosition
from router_core.types import RequestEvent

__all__ = ["EventRecorder", "Overlay", "RecorderParts", "RecorderPolicy"]

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
# The timer begins a batch early enough for the batch to be in the store when the interval is over.
TIMER_SHARE = 0.8

_log = logging.getLogger(__name__)


class RecorderPolicy(Struct, frozen=True, kw_only=True):
    """A batch is written when ``batch`` events wait, or the oldest of them for ``interval`` seconds.

    At most ``queue`` events wait in memory, the rest on disk; a backlog goes in batches of ``largest``.
    """

    batch: int = 100
    interval: float = 5.0
    queue: int = 1_000
    largest: int = 500


class Overlay(Protocol):
    """Holds what is not in the store yet, for readers that want this process to the moment."""

    def add(self, event: RequestEvent) -> None:
        """``event`` is over, and not in the store."""
        ...

    def settled(self, ids: Collection[str]) -> None:
        """The store has these."""
        ...


class RecorderParts(Struct, frozen=True, kw_only=True):
    """What a recorder works with. ``on_gap`` writes down that requests went by unrecorded."""

    writer: str
    store: EventStore
    heads: HeadKeeper
    overlay: Overlay
    poison: PoisonFile
    on_gap: Callable[[Gap], None]
    clock: Clock


class _Waiting(Struct, frozen=True):
    event: RequestEvent
    position: JournalPosition | None


class EventRecorder:
    """Takes finished requests: first into the journal, then, in batches, into the store; a :class:`Recorder`.

    It belongs to one event loop; :meth:`run` is its task. It begins with what an earlier process left in the journal
    behind ``reached``, the place up to which the store has everything.
    """

    def __init__(
        self, journal: FileJournal, parts: RecorderParts, policy: RecorderPolicy, *, reached: JournalPosition
    ) -> None:
        self._journal = journal
        self._parts = parts
        self._policy = policy
        self._clock = parts.clock
        self._queue: deque[_Waiting] = deque()
        self._batch: tuple[_Waiting, ...] = ()
        self._read = reached
        self._on_disk = True
        self._disk_events = 0
        self._enqueued = self._flushed = self._failed = self._dropped = 0
        self.monitor = DependencyMonitor(
            "record", "The record", parts.clock, works="Requests go on; what happens waits in the journal on disk.",
            lost="Figures and the audit log end with the last event that was stored.",
        )  # fmt: skip
        self._behind_since: datetime | None = None
        self._last_error: str | None = None
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()

    # --- on the path of a request ----------------------------------------------------------------------------------

    def record(self, event: RequestEvent) -> None:
        """Write ``event`` down; returns at once and never raises."""
        position = self._journal.append(event)
        self._enqueued += 1
        self._parts.overlay.add(event)
        if position is None and self._journal.policy.full == "drop" and len(self._queue) >= self._policy.queue:
            self._dropped += 1
            return
        if position is not None and (self._on_disk or len(self._queue) >= self._policy.queue):
            # It is in the journal, and is read from there when its turn comes.
            self._on_disk = True
            self._disk_events += 1
        else:
            self._queue.append(_Waiting(event, position))
        if self._on_disk or len(self._queue) in (1, self._policy.batch):
            self._wake.set()

    # --- in the background -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Bring events into the store until cancelled."""
        pause = FIRST_PAUSE_S
        while True:
            await self._until_due()
            if await self.flush():
                pause = FIRST_PAUSE_S
            else:
                await self._clock.sleep(pause * (0.5 + self._clock.random() / 2))
                pause = min(2 * pause, LONGEST_PAUSE_S)

    async def flush(self) -> bool:
        """Bring one batch into the store; return whether the store took it."""
        async with self._turn:
            try:
                if not self._batch:
                    self._batch = await self._storable(await self._next_batch())
                if not self._batch:
                    return True
                await self._bring(self._batch)
            except (OverloadedError, OSError) as error:
                self._note_trouble(error)
                return False
            self._batch = ()
            self._behind_since = None
            self.monitor.worked()
            self._journal.release(self._read)
            return True

    async def catch_up(self) -> None:
        """Bring what was finished by now into the store, unless it refuses."""
        for _ in range(1 + self.pending // self._policy.batch):
            if not await self.flush():
                return

    async def drain(self) -> bool:
        """Bring everything into the store; return whether it is all there. It gives up with the first refusal."""
        while self.pending:
            if not await self.flush():
                return False
        return True

    # --- how it is doing -------------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many events are not in the store; those of an earlier process count as one until they are counted."""
        return len(self._queue) + len(self._batch) + max(self._disk_events, int(self._on_disk))

    @property
    def reached(self) -> JournalPosition:
        """The place in the journal up to which the store has everything."""
        return self._read

    def expect(self, events: int) -> None:
        """At most so many events of an earlier process are in the journal, not counted yet."""
        if self._on_disk:
            self._disk_events += events

    def stats(self) -> RecorderStats:
        """Return the counts."""
        state, since = self._state()
        oldest = self._batch[0] if self._batch else self._queue[0] if self._queue else None
        lag = 0.0 if oldest is None else (self._clock.utcnow() - oldest.event.timestamp).total_seconds()
        return RecorderStats(
            queue_size=len(self._queue) + len(self._batch),
            enqueued=self._enqueued,
            flushed=self._flushed,
            failed=self._failed,
            dropped=self._dropped,
            pending=self.pending,
            pending_bytes=self._journal.size,
            lag_s=max(0.0, lag),
            state=state,
            since=since,
            last_error=self._last_error if state == "behind" else self._journal.last_error if since else None,
        )

    # --- inside ----------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[RecorderState, datetime | None]:
        blocked = self._journal.blocked_since
        if blocked is not None:
            return ("blocked" if self._journal.policy.full == "block" else "failing"), blocked
        if self._behind_since is not None:
            return "behind", self._behind_since
        return "ok", None

    async def _until_due(self) -> None:
        while not (self._batch or self._on_disk or len(self._queue) >= self._policy.batch):
            self._wake.clear()
            if not self._queue:
                await self._wake.wait()
                continue
            age = (self._clock.utcnow() - self._queue[0].event.timestamp).total_seconds()
            left = self._policy.interval * TIMER_SHARE - age
            if left <= 0 or not await self._woken_within(left):
                return

    async def _woken_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._wake.wait()
        except TimeoutError:
            return False

    async def _next_batch(self) -> tuple[_Waiting, ...]:
        size = self._policy.largest if len(self._queue) > self._policy.batch or self._on_disk else self._policy.batch
        if self._queue:
            return tuple(self._queue.popleft() for _ in range(min(size, len(self._queue))))
        if not self._on_disk:
            return ()
        end = self._journal.end
        chunk = await asyncio.to_thread(read_chunk, self._journal.folder, self._read, self._policy.largest, end)
        for gap in chunk.gaps:
            self._parts.on_gap(gap)
        self._disk_events = max(0, self._disk_events - len(chunk.events))
        if not chunk.events:
            self._read = max(self._read, chunk.end)
            # What came while we read is on disk as well.
            self._on_disk = self._journal.end > end
            self._disk_events = self._disk_events if self._on_disk else 0
            return ()
        last = len(chunk.events) - 1
        return tuple(_Waiting(event, chunk.end if index == last else None) for index, event in enumerate(chunk.events))

    async def _storable(self, batch: tuple[_Waiting, ...]) -> tuple[_Waiting, ...]:
        """Return ``batch`` opened and cleaned, in a thread where there is anything to clean."""
        if not any(needs_cleaning(each.event) for each in batch):
            return batch
        opened = self._journal.seal.open
        return await asyncio.to_thread(
            lambda: tuple(_Waiting(cleaned(opened(each.event)), each.position) for each in batch)
        )

    async def _bring(self, batch: tuple[_Waiting, ...]) -> None:
        """Bring ``batch`` into the store; set aside what it never takes. Raises :class:`OverloadedError`."""
        refused = [each async for each in self._refused(batch)]
        if len(refused) == len(batch) > 1:
            # Not this or that event is bad, but the store.
            raise OverloadedError(f"The store takes nothing: {type(refused[0][1]).__name__}")
        for event, error in refused:
            _log.error("event %s was set aside, the store does not take it: %s", event.id, type(error).__name__)
            self._parts.poison.add(self._journal.seal.close(event))
            self._failed += 1
            self._parts.overlay.settled([event.id])

    async def _refused(self, batch: tuple[_Waiting, ...]) -> AsyncIterator[tuple[RequestEvent, Exception]]:
        """Bring ``batch`` into the store, in halves where that fails; yield each event that is refused by itself."""
        reached = max((each.position for each in batch if each.position is not None), default=self._read)
        reached = max(reached, self._read)
        events = tuple(each.event for each in batch)
        try:
            result = await self._parts.store.apply(
                EventBatch(writer=self._parts.writer, events=events, position=reached)
            )
        except OverloadedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is about one event, the others must get through
            if len(batch) == 1:
                yield events[0], error
                return
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                async for refused in self._refused(half):
                    yield refused
            return
        self._flushed += result.added
        self._read = reached
        self._parts.overlay.settled([event.id for event in events])
        await asyncio.to_thread(self._parts.heads.keep, result.head, self._clock.utcnow())

    def _note_trouble(self, error: OverloadedError | OSError) -> None:
        self._last_error = error.message if isinstance(error, OverloadedError) else "The journal cannot be read"
        self.monitor.failed(error)
        if self._behind_since is None:
            self._behind_since = self._clock.utcnow()

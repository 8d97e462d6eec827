"""The uptime of every provider by the half hour, kept beyond the life of a process."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from router_core.clock import Clock
from router_core.monitor import DependencyMonitor
from router_core.ports import HealthHistory, HealthSlot
from router_core.types import SILENT_OUTCOMES, RequestEvent, UptimeTick

__all__ = ["UptimeHistory", "UptimePolicy"]

SLOT_S = 1800
SLOTS = 48
_Counts = dict[tuple[str, int], list[int]]


class UptimePolicy(Struct, frozen=True, kw_only=True):
    """Seconds between two meetings with the store, after one that failed, and how long the last one may take."""

    interval: float = 60.0
    retry: float = 5.0
    last_meeting: float = 5.0


class UptimeHistory:
    """Counts good and bad signs; a :class:`Recorder`. What the store does not take is kept until it does.

    Counting belongs to one event loop; reading is safe from any thread. ``monitor`` says how the meetings with the
    store go.
    """

    __slots__ = ("_clock", "_flying", "_kept", "_meeting", "_pending", "_policy", "_store", "_task", "monitor")

    def __init__(self, store: HealthHistory, clock: Clock, policy: UptimePolicy | None = None) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy or UptimePolicy()
        self._kept: _Counts = {}
        self._pending: _Counts = {}
        self._flying: _Counts = {}
        self._task: asyncio.Task[None] | None = None
        self._meeting: asyncio.Task[None] | None = None
        self.monitor = DependencyMonitor(
            "uptime", "The history of uptime", clock, works="It is kept in memory until the store takes it.",
            lost="The strips show what this process saw alone.",
        )  # fmt: skip

    # --- counting --------------------------------------------------------------------------------------------------

    def record(self, event: RequestEvent) -> None:
        """Count what ``event``'s attempts say."""
        attempts = event.decision.attempts
        if not attempts:
            return
        slot = self._slot()
        for attempt in attempts:
            if attempt.outcome == "success":
                self._count(attempt.provider, slot, 0)
            elif attempt.outcome not in SILENT_OUTCOMES:
                self._count(attempt.provider, slot, 1)

    def note_check(self, provider: str, good: bool) -> None:
        """Count the result of an active check."""
        self._count(provider, self._slot(), 0 if good else 1)

    # --- reading ---------------------------------------------------------------------------------------------------

    def ticks(self, provider: str) -> tuple[UptimeTick, ...]:
        """Return the last 48 half hours of ``provider``, oldest first, the one under way last."""
        slot = self._slot()
        return tuple(self._tick(provider, each) for each in range(slot - SLOTS + 1, slot + 1))

    def _tick(self, provider: str, slot: int) -> UptimeTick:
        key, good, bad = (provider, slot), 0, 0
        for counts in (self._kept, self._flying, self._pending):
            pair = counts.get(key)
            if pair is not None:
                good, bad = good + pair[0], bad + pair[1]
        return UptimeTick(start=_start_of(slot), good=good, bad=bad)

    # --- meeting the store -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Meet the store now, and then every interval, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="uptime history")

    async def close(self) -> None:
        """Hand the store what it does not have yet; gives up after the time that the policy grants."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        last = asyncio.create_task(self._part())
        await asyncio.wait({last}, timeout=self._policy.last_meeting)
        last.cancel()

    async def meet(self) -> None:
        """Give the store what was counted and take what all processes know. A failure is logged, and nothing lost."""
        if self._meeting is None or self._meeting.done():
            self._meeting = asyncio.create_task(self._exchange())
        # Cut short, an addition could have been stored without our knowing, and be made again.
        await asyncio.shield(self._meeting)

    async def _part(self) -> None:
        if self._meeting is not None and not self._meeting.done():
            await self.meet()
        if self._pending:
            await self.meet()

    async def _run(self) -> None:
        while True:
            await self.meet()
            soon = self.monitor.word == "down"
            await self._clock.sleep(min(self._policy.interval, self._policy.retry) if soon else self._policy.interval)

    async def _exchange(self) -> None:
        self._forget_old()
        self._flying, self._pending = self._pending, {}
        try:
            if self._flying:
                await self._store.add([_slot_of(key, pair) for key, pair in self._flying.items()])
                _merge(self._kept, self._flying)
                self._flying = {}
            known = await self._store.since(_start_of(self._slot() - SLOTS + 1))
        except Exception as error:  # noqa: BLE001 - whatever the store's trouble is, nothing is lost and nobody waits
            _merge(self._pending, self._flying)
            self._flying = {}
            self.monitor.failed(error)
            return
        self._kept = _counts(known)
        self.monitor.worked()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _slot(self) -> int:
        return int(self._clock.utcnow().timestamp() // SLOT_S)

    def _count(self, provider: str, slot: int, column: int) -> None:
        pair = self._pending.get((provider, slot))
        if pair is None:
            pair = self._pending[provider, slot] = [0, 0]
        pair[column] += 1

    def _forget_old(self) -> None:
        oldest = self._slot() - SLOTS
        self._pending = {key: pair for key, pair in self._pending.items() if key[1] >= oldest}


def _merge(into: _Counts, counts: _Counts) -> None:
    for key, (good, bad) in counts.items():
        pair = into.get(key, (0, 0))
        into[key] = [pair[0] + good, pair[1] + bad]


def _counts(slots: Iterable[HealthSlot]) -> _Counts:
    counts: _Counts = {}
    for each in slots:
        _merge(counts, {(each.provider, int(each.start.timestamp() // SLOT_S)): [each.good, each.bad]})
    return counts


def _slot_of(key: tuple[str, int], pair: list[int]) -> HealthSlot:
    return HealthSlot(provider=key[0], start=_start_of(key[1]), good=pair[0], bad=pair[1])


def _start_of(slot: int) -> datetime:
    return datetime.fromtimestamp(slot * SLOT_S, UTC)

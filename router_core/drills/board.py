"""Which drills run, which calls they hit, and what users felt of it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import timedelta

from msgspec import structs

from router_core.clock import Clock, new_ulid
from router_core.drills.felt import Felt
from router_core.errors import NotFoundError, ValidationError
from router_core.types import Drill, DrillOrder, DrillReport, ProviderCall, RequestEvent

__all__ = ["SYSTEM", "DrillBoard", "EndListener"]

SYSTEM = "system"
DRILLS_KEPT = 100
REQUESTS_FOLLOWED = 20_000
LONGEST_NAP_S = 1.0
EndListener = Callable[[Drill], None]


class _Run:
    """One drill, its end on the monotonic clock, and its figures."""

    __slots__ = ("drill", "end", "felt")

    def __init__(self, drill: Drill, end: float, felt: Felt) -> None:
        self.drill = drill
        self.end = end
        self.felt = felt


class DrillBoard:
    """Starts and ends drills, at most one for each provider, and joins what they spoilt to the requests behind it.

    ``known_providers`` names the providers there are; ``on_end`` hears of each drill that ended by itself. A drill is
    over when its time is, whether or not :meth:`run` has noted it. Implements ``Recorder``. It belongs to one event
    loop; :meth:`reports` may be read from another thread.
    """

    __slots__ = ("_clock", "_follow", "_kept", "_known", "_on_end", "_running", "_started")

    def __init__(self, clock: Clock, known_providers: Callable[[], Collection[str]], on_end: EndListener) -> None:
        self._clock = clock
        self._known = known_providers
        self._on_end = on_end
        self._running: dict[str, _Run] = {}
        self._kept: OrderedDict[str, _Run] = OrderedDict()
        self._follow: OrderedDict[str, list[_Run]] = OrderedDict()
        self._started = asyncio.Event()

    @property
    def active(self) -> bool:
        """Whether a call may be spoilt."""
        return bool(self._running)

    # --- operators -------------------------------------------------------------------------------------------------

    def check(self, order: DrillOrder) -> None:
        """Raise :class:`ValidationError` when ``order`` names no provider, or one that has its drill already."""
        self.expire()
        if order.provider not in self._known():
            raise ValidationError("there is no such provider", field="provider")
        if order.provider in self._running:
            raise ValidationError("a drill already runs for this provider", field="provider")

    def start(self, order: DrillOrder, actor: str, drill_id: str | None = None) -> Drill:
        """Begin a drill now. Raises :class:`ValidationError` as :meth:`check` does."""
        self.check(order)
        now = self._clock.utcnow()
        drill = Drill(
            id=drill_id or new_ulid(self._clock),
            order=order,
            actor=actor,
            started_at=now,
            ends_at=now + timedelta(seconds=order.duration_s),
        )
        run = _Run(drill, self._clock.now() + order.duration_s, Felt(self._clock))
        self._running[order.provider] = self._kept[drill.id] = run
        self._forget_old()
        self._started.set()
        return drill

    def find(self, drill_id: str) -> Drill:
        """Return the drill with that id. Raises :class:`NotFoundError`."""
        self.expire()
        return self._run_of(drill_id).drill

    def stop(self, drill_id: str, actor: str) -> Drill:
        """End a drill now; one that is over stays as it is. Raises :class:`NotFoundError` for an unknown id."""
        self.expire()
        run = self._run_of(drill_id)
        if run.drill.stopped_at is None:
            run.drill = structs.replace(run.drill, stopped_at=self._clock.utcnow(), stopped_by=actor)
            self._running.pop(run.drill.order.provider)
        return run.drill

    def reports(self) -> list[DrillReport]:
        """Return what each drill did: the running ones first, then the newest; the last hundred are known."""
        now = self._clock.now()
        found = [run.felt.report(_seen(run, now)) for run in reversed(list(self._kept.values()))]
        return sorted(found, key=lambda report: not report.active)

    # --- time ------------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """End the drills whose time is over."""
        now = self._clock.now()
        for provider, run in list(self._running.items()):
            if now >= run.end:
                del self._running[provider]
                run.drill = _ended(run.drill)
                self._on_end(run.drill)

    def end_all(self) -> None:
        """End every drill, because the process ends."""
        for run in list(self._running.values()):
            self._on_end(self.stop(run.drill.id, SYSTEM))

    async def run(self) -> None:
        """End drills when their time is over, with or without traffic, until cancelled."""
        while True:
            self._started.clear()
            if not self._running:
                await self._started.wait()
            left = min((run.end for run in self._running.values()), default=0.0) - self._clock.now()
            if left > 0:
                await self._clock.sleep(min(left, LONGEST_NAP_S))
            self.expire()

    # --- calls and requests ----------------------------------------------------------------------------------------

    def spoil(self, call: ProviderCall) -> DrillOrder | None:
        """Say how ``call`` is to be spoilt, if at all, and follow the request behind it."""
        run = self._running.get(call.provider.name)
        if run is None:
            return None
        if self._clock.now() >= run.end:
            self.expire()
            return None
        order = run.drill.order
        if self._clock.random() * 100 >= order.percent:
            return None
        run.felt.hit_calls += 1
        if call.event_id:
            self._note(call.event_id, run)
        return order

    def record(self, event: RequestEvent) -> None:
        """Count ``event`` where a call of it was spoilt; free when none was."""
        if not self._follow:
            return
        for run in self._follow.pop(event.id, ()):
            run.felt.count(event)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _note(self, event_id: str, run: _Run) -> None:
        runs = self._follow.setdefault(event_id, [])
        if run not in runs:
            runs.append(run)
        if len(self._follow) > REQUESTS_FOLLOWED:
            self._follow.popitem(last=False)

    def _run_of(self, drill_id: str) -> _Run:
        run = self._kept.get(drill_id)
        if run is None:
            raise NotFoundError("There is no such drill")
        return run

    def _forget_old(self) -> None:
        """Forget the oldest drills that are over."""
        spare = len(self._kept) - DRILLS_KEPT
        for drill_id in [name for name, run in self._kept.items() if run.drill.stopped_at is not None][: max(0, spare)]:
            del self._kept[drill_id]


def _ended(drill: Drill) -> Drill:
    return structs.replace(drill, stopped_at=drill.ends_at, stopped_by=SYSTEM)


def _seen(run: _Run, now: float) -> Drill:
    """Return the drill as it is at ``now``, whether or not its end has been noted."""
    drill = run.drill
    return _ended(drill) if drill.stopped_at is None and now >= run.end else drill

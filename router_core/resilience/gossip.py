"""News of breakers between processes, over the breaker log: nobody waits for it, and nobody needs it to serve."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from router_core.clock import Clock
from router_core.errors import ValidationError
from router_core.monitor import DependencyMonitor
from router_core.ports import BreakerLog
from router_core.resilience.circuit_breaker import TransitionListener
from router_core.resilience.operator_acts import OperatorActs
from router_core.resilience.upstreams import Upstreams
from router_core.types import BreakerTransition

__all__ = ["BreakerGossip"]

MOST_QUEUED = 1_000
POLL_INTERVAL_S = 1.0
CLOSE_S = 2.0
_BATCH = 100
_PAGE = 500
_EARLIER = timedelta(minutes=10)
_log = logging.getLogger(__name__)


class BreakerGossip:
    """Writes what breakers do here to the log, and lets ``upstreams`` hear what they did in other processes.

    ``node`` names this process. What other processes' calls showed is advice; what operators did binds, and the act
    with the latest time stands everywhere, in whatever order the news arrives. While the log is away at most 1,000
    transitions are kept, the newest; ``dropped`` counts the others.
    """

    __slots__ = (
        "_acts", "_clock", "_early", "_listeners", "_log", "_loop", "_news", "_node", "_position", "_queue",
        "_upstreams", "dropped", "monitor",
    )  # fmt: skip

    def __init__(self, upstreams: Upstreams, log: BreakerLog, clock: Clock, node: str) -> None:
        self._upstreams = upstreams
        self._log = log
        self._clock = clock
        self._node = node
        self._acts = OperatorActs(clock)
        self._queue: deque[BreakerTransition] = deque(maxlen=MOST_QUEUED)
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._position: int | None = None
        self._early: frozenset[str] = frozenset()
        self._listeners: list[TransitionListener] = []
        self.monitor = DependencyMonitor(
            "breaker_news", "The exchange of breakers' news", clock,
            works="Each process judges upstreams by its own calls; forces that were heard of hold.",
            lost="What breakers and operators do in other processes is not heard of.", patience=2,
        )  # fmt: skip
        self.dropped = 0
        upstreams.subscribe(self._note)

    def subscribe(self, listener: TransitionListener) -> None:
        """Let ``listener`` know of each transition that is heard from another process, binding or not."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Carry news both ways until cancelled, through outages of the log too."""
        self._loop = asyncio.get_running_loop()
        self._news.set()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._write_news())
                both.create_task(self._follow_news())
        finally:
            self._loop = None

    async def poll(self) -> bool:
        """Hear what is new, once; return whether the log could be read. The first time, also what still holds."""
        try:
            await self._catch_up(await self._begin() if self._position is None else self._position)
        except Exception as error:  # noqa: BLE001 - a follower that ends would be deaf for good
            self.monitor.failed(error)
            return False
        self.monitor.worked()
        return True

    async def close(self, seconds: float = CLOSE_S) -> None:
        """Write what is queued, within ``seconds``; what cannot be written is lost, with a warning."""
        try:
            async with asyncio.timeout(seconds):
                while self._queue:
                    await self._write_batch()
        except Exception as error:  # noqa: BLE001 - the process ends, and must not be kept from it
            reason = str(error) or type(error).__name__
            _log.warning("%d news of breakers were not written before the end: %s", len(self._queue), reason)

    # --- writing ---------------------------------------------------------------------------------------------------

    def _note(self, transition: BreakerTransition) -> None:
        """Queue what happened here. May be called from a thread that only looked: a look can end a force."""
        if self._acts.is_end_of_heard(transition, self._node):
            return
        if len(self._queue) == MOST_QUEUED:
            self.dropped += 1
        self._queue.append(self._acts.stamped(transition))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._news.set)

    async def _write_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._queue:
                try:
                    await self._write_batch()
                except Exception as error:  # noqa: BLE001 - a writer that ends would be mute for good
                    self.monitor.failed(error)
                    await self._clock.sleep(POLL_INTERVAL_S)

    async def _write_batch(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
        try:
            await self._append(batch)
        except BaseException:
            self._give_back(batch)
            raise

    async def _append(self, batch: Sequence[BreakerTransition]) -> None:
        try:
            await self._log.append(batch)
        except ValidationError as error:
            if len(batch) == 1:
                _log.warning("news of breaker %s is left out, it cannot be kept: %s", batch[0].upstream, error)
                return
            for each in batch:  # one that cannot be kept holds up none of the others; what is kept twice is kept once
                await self._append([each])

    def _give_back(self, batch: Sequence[BreakerTransition]) -> None:
        surplus = max(0, len(batch) + len(self._queue) - MOST_QUEUED)
        self.dropped += surplus
        self._queue.extendleft(reversed(batch[surplus:]))

    # --- hearing ---------------------------------------------------------------------------------------------------

    async def _follow_news(self) -> None:
        while True:
            await self.poll()
            await self._clock.sleep(POLL_INTERVAL_S)

    async def _begin(self) -> int:
        """Hear the forces that hold, and of the breakers that opened lately: a new process need not find out.

        Return the position to go on from.
        """
        forces, position = await self._log.forces()
        recent = await self._log.recent(self._clock.utcnow() - _EARLIER, MOST_QUEUED)
        held = {each.id for each in forces}
        self._hear(forces)
        self._hear([each for each in recent[::-1] if each.id not in held])
        self._early = frozenset(each.id for each in recent)
        return position

    async def _catch_up(self, position: int) -> None:
        full = True
        while full:
            page, position = await self._log.after(position, _PAGE)
            self._position = position
            self._hear([each for each in page if each.id not in self._early])
            full = len(page) == _PAGE

    def _hear(self, news: Sequence[BreakerTransition]) -> None:
        for each in news:
            if each.node == self._node:
                continue
            if self._acts.admits(each):
                self._upstreams.hear(each)
            for listener in self._listeners:
                listener(each)

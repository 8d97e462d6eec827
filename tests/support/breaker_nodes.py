"""Processes that share a breaker log, for tests of gossip: each has its own upstreams, and one clock rules them all."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from router_core.clock import Clock
from router_core.ports import BreakerLog
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.circuit_breaker import CircuitBreaker
from router_core.resilience.gossip import BreakerGossip
from router_core.resilience.memory_breaker_log import MemoryBreakerLog
from router_core.resilience.upstream import UpstreamPolicy
from router_core.resilience.upstreams import Upstreams
from router_core.types import BreakerTransition, Secret
from tests.support.core_fakes import provider
from tests.support.fake_clock import FakeClock

__all__ = ["KEY", "FaultyLog", "Node", "TickClock", "start_node"]

KEY = Secret("sk-test-0000")
_TURNS = 60


class TickClock(FakeClock):
    """Sleepers sleep until the test lets time pass."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        woken = asyncio.Event()
        self._sleepers.append((self.now() + seconds, woken))
        await woken.wait()

    async def tick(self, seconds: float = 1.0) -> None:
        """Let ``seconds`` pass, and everybody do what they can, before and after."""
        await self.settle()
        self.advance(seconds)
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self.now()]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper not in due]
        for _, woken in due:
            woken.set()
        await self.settle()

    async def settle(self) -> None:
        """Let everybody who is not asleep do what they can."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)


class FaultyLog(MemoryBreakerLog):
    """A log that can be away: with ``fault`` set every call raises it; while ``stuck`` is set no call returns."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.fault: Exception | None = None
        self.stuck = False
        self.appends: list[int] = []

    async def append(self, transitions: Sequence[BreakerTransition]) -> None:
        await self._trouble()
        self.appends.append(len(transitions))
        await super().append(transitions)

    async def after(self, position: int, limit: int) -> tuple[Sequence[BreakerTransition], int]:
        await self._trouble()
        return await super().after(position, limit)

    async def forces(self) -> tuple[Sequence[BreakerTransition], int]:
        await self._trouble()
        return await super().forces()

    async def rows(self) -> Sequence[BreakerTransition]:
        """Return everything, past any trouble."""
        return (await super().after(0, 100_000))[0]

    async def _trouble(self) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault


@dataclass
class Node:
    """One process."""

    name: str
    upstreams: Upstreams
    gossip: BreakerGossip
    heard: list[BreakerTransition] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None

    def breaker(self, model: str = "gpt-4o") -> CircuitBreaker:
        """Return the breaker of one upstream of all nodes, met now if it was not."""
        return self.upstreams.of(provider("row", model=model), KEY).breaker

    def upstream_id(self, model: str = "gpt-4o") -> str:
        return self.upstreams.of(provider("row", model=model), KEY).id

    def fail(self, times: int = 5, model: str = "gpt-4o") -> None:
        """Let calls fail here."""
        for _ in range(times):
            self.breaker(model).acquire().failure()

    def succeed(self, times: int = 2, model: str = "gpt-4o") -> None:
        """Let calls succeed here."""
        for _ in range(times):
            self.breaker(model).acquire().success()

    def state(self, model: str = "gpt-4o") -> str:
        return self.breaker(model).get_state().state

    async def stop(self) -> None:
        """End the process in good order."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.gossip.close()

    async def hears(self, wanted: Callable[[BreakerTransition], bool], *, within: float = 2.0) -> BreakerTransition:
        """Wait until this node has heard what is ``wanted``. Raises ``TimeoutError``."""
        found = asyncio.Event()
        self.gossip.subscribe(lambda each: found.set() if wanted(each) else None)
        if not any(map(wanted, self.heard)):
            await asyncio.wait_for(found.wait(), within)
        return next(each for each in self.heard if wanted(each))


def start_node(name: str, log: BreakerLog, clock: Clock, *, run: bool = True) -> Node:
    """Start a process called ``name``; without ``run`` its gossip only acts when told."""
    upstreams = Upstreams(UpstreamPolicy(breaker=BreakerPolicy()), clock, name)
    node = Node(name, upstreams, BreakerGossip(upstreams, log, clock, name))
    node.gossip.subscribe(node.heard.append)
    if run:
        node.task = asyncio.create_task(node.gossip.run())
    return node

"""Keeps the workers of ``signalbox serve`` running: starts, replaces, renews and ends them."""

import asyncio
import logging
import signal
import socket
from collections.abc import Coroutine
from typing import Any, Final

from msgspec import Struct, structs

from router_core.clock import Clock
from signalbox.exits import say
from signalbox.faults import DependencyFault
from signalbox.serve.backoff import Backoff
from signalbox.serve.child import Nursery, WorkerProcess, ending
from signalbox.serve.orders import WorkerOrder

__all__ = ["Supervisor", "SupervisorPolicy"]

# What a worker needs to bring its record into the store and to close, after its requests are over.
_CLOSING_S: Final = 15.0
_FORCED_S: Final = 5.0
_FAILED: Final = 1

_log = logging.getLogger(__name__)


class SupervisorPolicy(Struct, frozen=True, kw_only=True):
    """Times in seconds: how long a worker may take to start, and to drain."""

    start_s: float = 120.0
    drain_s: float = 30.0


class _Slot:
    """One place for a worker; ``change`` is held while it is being replaced."""

    __slots__ = ("_clock", "_pauses", "_since", "change", "number", "worker")

    def __init__(self, number: int, worker: WorkerProcess, clock: Clock) -> None:
        self.number = number
        self.change = asyncio.Lock()
        self._pauses = Backoff(clock)
        self._clock = clock
        self.fill(worker)

    def fill(self, worker: WorkerProcess) -> None:
        """Put ``worker``, which answers requests, into this place."""
        self.worker = worker
        self._since = self._clock.now()

    def pause(self) -> float:
        """Return how long to wait, in seconds, before the worker that was lost is replaced."""
        return self._pauses.next(self._clock.now() - self._since)


class Supervisor:
    """Runs as many workers as ``order`` says until SIGTERM or SIGINT; a second one ends them without a drain.

    A worker that ends by itself is replaced after a pause that grows from half a second to 30 s. SIGHUP renews all
    workers, one after the other: each old one is asked to end when the new one answers requests.
    """

    def __init__(self, order: WorkerOrder, listener: socket.socket, policy: SupervisorPolicy, clock: Clock) -> None:
        self._order = order
        self._listener = listener
        self._nursery: Nursery | None = None
        self._opening = asyncio.Lock()
        self._policy = policy
        self._clock = clock
        self._slots: list[_Slot] = []
        self._alive: set[WorkerProcess] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends = asyncio.Event()
        self._forced = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None
        self._renew_again = False

    async def run(self, base_url: str) -> int:
        """Serve; return the exit code: 0, or that of the first worker when it could not start.

        The first worker starts alone: it migrates the store, makes what is missing, and reports what is wrong, once.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._note_end)
        loop.add_signal_handler(signal.SIGHUP, self._note_renewal)
        serving = asyncio.create_task(self._start_all(base_url))
        asked = asyncio.create_task(self._ends.wait())
        try:
            await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done() and (code := serving.result()) is not None:
                return code
            await self._ends.wait()
            return 0
        finally:
            serving.cancel()
            asked.cancel()
            await self._end_all()

    # --- starting --------------------------------------------------------------------------------------------------

    async def _start_all(self, base_url: str) -> int | None:
        """Start every worker; return None, or the exit code when the first one could not."""
        first, code = await self._start(1, migrates=True, needs_redis=True)
        if first is None:
            return code
        self._take(first)
        others = range(2, self._order.workers + 1)
        started = await asyncio.gather(*(self._start(number) for number in others))
        for worker, code in started:
            if worker is None:
                return code
            self._take(worker)
        say(f"Signalbox is ready at {base_url} ({self._order.workers} worker processes)")
        return None

    def _take(self, worker: WorkerProcess) -> None:
        slot = _Slot(worker.slot, worker, self._clock)
        self._slots.append(slot)
        self._keep(slot)

    async def _start(self, slot: int, **special: Any) -> tuple[WorkerProcess | None, int]:
        """Start a worker and wait until it answers requests; return None with its exit code when it does not.

        ``special`` are the fields of its order that differ from those of others.
        """
        order = structs.replace(self._order, slot=slot, **special)
        try:
            worker = await (await self._source()).spawn(order)
        except OSError as error:
            _log.error("worker %d cannot be started: %s", slot, error.strerror)
            return None, DependencyFault.exit_code
        self._alive.add(worker)
        try:
            async with asyncio.timeout(self._policy.start_s):
                is_ready = await worker.ready()
        except TimeoutError:
            _log.error("worker %d was not ready within %g s", slot, self._policy.start_s)
            worker.kill()
            is_ready = False
        if is_ready:
            return worker, 0
        self._alive.discard(worker)
        code = await worker.ended()
        return None, code if code is not None and code > 0 else _FAILED

    async def _source(self) -> Nursery:
        """Return where workers come from, started anew when it was lost. Raises ``OSError``."""
        async with self._opening:
            if self._nursery is None or not self._nursery.alive:
                self._nursery = await Nursery.start(self._listener.fileno())
            return self._nursery

    # --- replacing -------------------------------------------------------------------------------------------------

    def _keep(self, slot: _Slot) -> None:
        self._in_background(self._replace_when_lost(slot, slot.worker))

    async def _replace_when_lost(self, slot: _Slot, worker: WorkerProcess) -> None:
        code = await worker.ended()
        self._alive.discard(worker)
        async with slot.change:
            if slot.worker is not worker:
                return  # it was renewed
            how = ending(worker.pid, code)
            while True:
                pause = slot.pause()
                _log.warning("worker %d is lost: %s; a new one starts in %.1f s", slot.number, how, pause)
                await self._clock.sleep(pause)
                found, code = await self._start(slot.number, replaces=how)
                if found is not None:
                    break
                how = f"its successor ended with exit code {code}"
            slot.fill(found)
            _log.warning("worker %d is back: process %d", slot.number, found.pid)
        self._keep(slot)

    # --- renewing --------------------------------------------------------------------------------------------------

    def _note_renewal(self) -> None:
        if self._renewal is not None and not self._renewal.done():
            self._renew_again = True
            return
        self._renewal = self._in_background(self._renew_all())

    async def _renew_all(self) -> None:
        again = True
        while again:
            self._renew_again = False
            await self._renew_source()
            for slot in list(self._slots):
                if not await self._renew(slot):
                    _log.error(
                        "renewal stopped at worker %d: the new one did not start, the old one stays", slot.number
                    )
                    break
            else:
                _log.info("all %d workers are renewed", len(self._slots))
            again = self._renew_again

    async def _renew_source(self) -> None:
        """Let new workers come from a process that loads the program as it is now."""
        async with self._opening:
            old, self._nursery = self._nursery, None
        if old is not None:
            self._in_background(old.retire())

    async def _renew(self, slot: _Slot) -> bool:
        async with slot.change:
            # New code may bring a new schema; the first of its workers sees to that.
            found, _ = await self._start(slot.number, migrates=slot.number == 1)
            if found is None:
                return False
            old = slot.worker
            slot.fill(found)
        self._keep(slot)
        old.hand_over(found)
        await self._await_end(old)
        _log.info("worker %d is renewed: process %d in place of %d", slot.number, found.pid, old.pid)
        return True

    async def _await_end(self, worker: WorkerProcess) -> None:
        """Wait for the end of a worker that was asked to drain; kill it when it takes too long."""
        try:
            async with asyncio.timeout(self._policy.drain_s + _CLOSING_S):
                await worker.ended()
        except TimeoutError:
            _log.error("worker %d (process %d) does not end; it is killed", worker.slot, worker.pid)
            worker.kill()
            await worker.ended()

    # --- ending ----------------------------------------------------------------------------------------------------

    def _note_end(self) -> None:
        if self._ends.is_set():
            self._forced.set()
        self._ends.set()

    async def _end_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()  # nobody may wait in line for workers that take no more
        nursery = None if self._nursery is None else asyncio.create_task(self._nursery.retire())
        forced = asyncio.create_task(self._force_when_asked())
        for worker in self._alive:
            worker.drain()
        await asyncio.gather(*(self._await_end(worker) for worker in list(self._alive)))
        forced.cancel()
        if nursery is not None:
            await nursery

    async def _force_when_asked(self) -> None:
        await self._forced.wait()
        for worker in list(self._alive):
            worker.force()
        await self._clock.sleep(_FORCED_S)
        for worker in list(self._alive):
            worker.kill()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

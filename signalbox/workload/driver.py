"""Sends a trace as it happened: open-loop arrivals, so a slow server does not slow the traffic down."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from router_core.clock import Clock
from signalbox.workload.tally import Outcome, Report, Tally
from signalbox.workload.texts import prompt_of
from signalbox.workload.trace import TraceRow

__all__ = ["TRACE_USE_CASES", "PlannedRequest", "ReplayDriver", "Target"]

TRACE_USE_CASES = ("draft", "summary", "general", "complex")


class PlannedRequest(Struct, frozen=True):
    """What the trace does not say is assigned in turn: the use case, and every second request streams."""

    use_case: str
    prompt: str
    stream: bool


class Target(Protocol):
    """Where requests go."""

    async def send(self, request: PlannedRequest) -> Outcome:
        """Send one request and say what came of it; never raises for a request that failed."""
        ...


class ReplayDriver:
    """Replays rows at ``speed`` times their pace, with at most ``concurrency`` requests under way."""

    def __init__(self, target: Target, clock: Clock, *, speed: float, concurrency: int) -> None:
        self._target = target
        self._clock = clock
        self._speed = speed
        self._slots = asyncio.Semaphore(concurrency)
        self._tally = Tally()

    async def run(self, rows: Sequence[TraceRow], on_done: Callable[[int], None]) -> Report:
        """Send all ``rows``; ``on_done`` hears the count of finished requests. Returns the summary."""
        started = self._clock.now()
        async with asyncio.TaskGroup() as tasks:
            for number, row in enumerate(rows):
                await self._wait_until(started + row.at / self._speed)
                await self._slots.acquire()
                tasks.create_task(self._send(number, row, on_done))
        return self._tally.report(self._clock.now() - started)

    async def _wait_until(self, due: float) -> None:
        ahead = due - self._clock.now()
        if ahead > 0:
            await self._clock.sleep(ahead)
        else:
            self._tally.worst_lag = max(self._tally.worst_lag, -ahead)

    async def _send(self, number: int, row: TraceRow, on_done: Callable[[int], None]) -> None:
        try:
            self._tally.add(await self._target.send(_plan(number, row)))
        finally:
            self._slots.release()
        on_done(self._tally.done)


def _plan(number: int, row: TraceRow) -> PlannedRequest:
    use_case = TRACE_USE_CASES[number % len(TRACE_USE_CASES)]
    return PlannedRequest(use_case, prompt_of(row.prompt_tokens, row.output_tokens), stream=number % 2 == 1)

"""Runs the tools that a model called in one step: at once, in bounded time, and without a word about their insides."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors.sanitizer import sanitize_message
from router_core.patient_timeout import patient_timeout
from router_core.ports import RunnableTool
from router_core.resilience.deadline import Deadline
from router_core.tools.results import ToolError, bounded
from router_core.tools.threads import BusyError
from router_core.types import ToolCall, ToolOutcome, ToolResultPart, ToolRun

__all__ = ["Ran", "ToolPolicy", "ToolRunner"]

_log = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S: Final = 20.0
DEFAULT_MOST_BYTES: Final = 64 * 1024
DEFAULT_AT_ONCE: Final = 8
MOST_MESSAGE_CHARS: Final = 500
FAILED: Final = "The tool failed."


class ToolPolicy(Struct, frozen=True, kw_only=True):
    """What holds for tools that run here: seconds for each run, bytes of a result, and runs at once in one step."""

    timeout: float = DEFAULT_TIMEOUT_S
    most_bytes: int = DEFAULT_MOST_BYTES
    at_once: int = DEFAULT_AT_ONCE


class Ran(Struct, frozen=True):
    """One call that was run: what its model is told, and what goes on record."""

    part: ToolResultPart
    run: ToolRun


class ToolRunner:
    """Runs the calls of one step, number ``step``, as the ``policy`` says and within ``deadline``."""

    __slots__ = ("_clock", "_deadline", "_policy", "_room", "_step", "_tools")

    def __init__(
        self, tools: Mapping[str, RunnableTool], policy: ToolPolicy, deadline: Deadline, step: int, clock: Clock
    ) -> None:
        self._tools = tools
        self._policy = policy
        self._deadline = deadline
        self._step = step
        self._clock = clock
        self._room = asyncio.Semaphore(policy.at_once)

    async def run(self, calls: Sequence[ToolCall], log: list[ToolRun]) -> AsyncGenerator[Ran, None]:
        """Yield what becomes of ``calls``, as they end; put each on ``log``, those too that are given up on the way."""
        running = {asyncio.create_task(self._run(call, log)) for call in calls}
        try:
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    yield each.result()
        finally:
            for each in running:
                each.cancel()
            if running:
                await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, call: ToolCall, log: list[ToolRun]) -> Ran:
        async with self._room:
            started = self._clock.now()
            outcome: ToolOutcome = "cancelled"
            try:
                outcome, result = await self._outcome(call)
            finally:
                log.append(self._record(call, outcome, started))
        part = ToolResultPart(
            tool_call_id=call.tool_call_id, tool_name=call.tool_name, result=result, is_error=outcome != "success"
        )
        return Ran(part, log[-1])

    async def _outcome(self, call: ToolCall) -> tuple[ToolOutcome, Any]:
        """Return how the call ended and what the model is told."""
        tool = self._tools.get(call.tool_name)
        if tool is None:
            return "unknown", "There is no tool of this name."
        fault = tool.fault(call.args)
        if fault is not None:
            return "invalid", f"The arguments do not fit the tool's parameters. {fault}"
        try:
            return "success", await self._result(tool, call)
        except TimeoutError:
            return "timeout", "The tool did not answer in time."
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return "error", FAILED  # The tool gave itself up; nobody wants the request to end.
        except Exception as error:  # noqa: BLE001 - whatever a tool does, the model is told that it failed
            return "error", _told(call.tool_name, error)

    async def _result(self, tool: RunnableTool, call: ToolCall) -> Any:
        limit = self._policy.timeout if tool.timeout is None else tool.timeout
        async with patient_timeout(min(limit, self._deadline.remaining())):
            result = await tool.run(call.args)
        return bounded(result, self._policy.most_bytes)

    def _record(self, call: ToolCall, outcome: ToolOutcome, started: float) -> ToolRun:
        return ToolRun(
            step=self._step,
            name=call.tool_name,
            outcome=outcome,
            started_ms=_millis(started - self._deadline.started),
            latency_ms=_millis(self._clock.now() - started),
        )


def _told(name: str, error: Exception) -> str:
    """Return what the model is told of ``error``; what the tool did not mean for it is for nobody."""
    if isinstance(error, ToolError):
        return sanitize_message(str(error))[:MOST_MESSAGE_CHARS]
    if isinstance(error, BusyError):
        return "The tool is busy."
    _log.warning("tool %s failed: %s", name, type(error).__name__)
    return FAILED


def _millis(seconds: float) -> float:
    return round(seconds * 1000, 3)

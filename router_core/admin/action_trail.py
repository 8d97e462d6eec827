"""Writes down what operators do: before it happens where that may wait, as soon as it can be where it may not."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from router_core.clock import Clock, new_ulid
from router_core.errors import LLMError, OverloadedError, ValidationError
from router_core.errors.sanitizer import without_secrets
from router_core.ports import ActionLog
from router_core.types import OperatorAction

__all__ = ["ActionTrail"]

T = TypeVar("T")

LONGEST_APPEND_S = 5.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
MOST_WAITING = 1_000

_log = logging.getLogger(__name__)


class ActionTrail:
    """Brings actions to the log. What the log does not take now waits in memory, in order, and is tried again.

    It belongs to one event loop; :meth:`run` is its task.
    """

    __slots__ = ("_clock", "_log", "_turn", "_waiting", "_wake")

    def __init__(self, log: ActionLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._waiting: deque[OperatorAction] = deque()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """How many actions the log has not taken yet."""
        return len(self._waiting)

    async def require(self, action: OperatorAction) -> None:
        """Write ``action`` down before it happens.

        Raises :class:`OverloadedError` when the log cannot be written within 5 s: then it must not happen.
        """
        try:
            await self._append(action)
        except ValidationError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the log's trouble is, nothing happens unaudited
            _log.warning("%s of %s refused, the action log cannot be written: %s", action.action, action.target, error)
            raise OverloadedError(
                "The action was refused, because it could not be written to the action log", retry_after_ms=1_000
            ) from (error if isinstance(error, LLMError) else None)

    async def carry_out(self, action: OperatorAction, work: Coroutine[Any, Any, T]) -> T:
        """Write ``action`` down, then do ``work``; that it came to nothing is written down as well.

        Raises as :meth:`require` does, and what ``work`` raises.
        """
        try:
            await self.require(action)
        except BaseException:
            work.close()
            raise
        try:
            return await work
        except LLMError as error:
            vain = structs.replace(
                action, id=new_ulid(self._clock), action=f"{action.action}_in_vain", detail={"reason": error.message}
            )
            await self.report(vain)
            raise

    async def report(self, action: OperatorAction) -> None:
        """Write down what has happened already, now or else as soon as the log takes it."""
        self.note(action)
        await self.flush()

    def note(self, action: OperatorAction) -> None:
        """Have ``action`` written down as soon as the log takes it; returns at once."""
        if len(self._waiting) >= MOST_WAITING:
            lost = self._waiting.popleft()
            _log.error("action lost, the action log could not be written for long: %s", msgspec.json.encode(lost))
        self._waiting.append(action)
        self._wake.set()

    async def run(self) -> None:
        """Write down what waits, until cancelled."""
        pause = FIRST_PAUSE_S
        while True:
            await self._wake.wait()
            if await self.flush():
                self._wake.clear()
                pause = FIRST_PAUSE_S
            else:
                await self._clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    async def flush(self) -> bool:
        """Try once to write down what waits; return whether nothing is left."""
        async with self._turn:
            while self._waiting:
                action = self._waiting[0]
                if not await self._attempt(action):
                    return False
                # The oldest makes room when there are too many.
                if self._waiting and self._waiting[0] is action:
                    self._waiting.popleft()
        return True

    async def _attempt(self, action: OperatorAction) -> bool:
        try:
            await self._append(action)
        except ValidationError as error:
            # Taken already, by an attempt whose end we did not see; or never to be taken.
            _log.info("the action log does not take %s again: %s", action.id, error)
        except Exception as error:  # noqa: BLE001 - whatever the log's trouble is, the action waits for its end
            _log.warning("%s of %s is not in the action log yet: %s", action.action, action.target, error)
            return False
        return True

    async def _append(self, action: OperatorAction) -> None:
        async with asyncio.timeout(LONGEST_APPEND_S):
            await self._log.append(_clean(action))


def _clean(action: OperatorAction) -> OperatorAction:
    """Return ``action`` without secrets in what people wrote; whom it is about stays, that is what it is kept for."""
    return structs.replace(
        action,
        target=without_secrets(action.target),
        detail=without_secrets(action.detail),
        before=without_secrets(action.before),
        after=without_secrets(action.after),
    )

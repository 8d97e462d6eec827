"""From a script's thread to the server's event loop and back."""

import asyncio
import queue
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from router_core.errors import LLMError

__all__ = ["Bridge"]

T = TypeVar("T")
CALL_TIMEOUT_S = 30.0
HEARTBEAT_S = 0.2
QUEUE_LIMIT = 1000


class _End:
    """Marks the end of a stream, with the error that ended it."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class _Pump(Generic[T]):
    """Moves parts from an async generator, on the loop, to a queue that a thread reads."""

    def __init__(self, parts: AsyncGenerator[T, None]) -> None:
        self.outbox: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        self.room = asyncio.Event()
        self._parts = parts

    async def run(self) -> None:
        try:
            async with aclosing(self._parts) as parts:
                async for part in parts:
                    self.outbox.put(part)
                    await self._wait_for_room()
        except asyncio.CancelledError:
            self.outbox.put(_End())
            raise
        except Exception as error:  # noqa: BLE001 - raised again in the thread that reads the stream
            self.outbox.put(_End(error))
        else:
            self.outbox.put(_End())

    async def _wait_for_room(self) -> None:
        while self.outbox.qsize() > QUEUE_LIMIT:
            self.room.clear()
            await self.room.wait()


class Bridge:
    """Runs coroutines of the server's loop for a thread that is not on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` gives. Raises its errors, and :class:`TimeoutError` after 30 seconds."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout=CALL_TIMEOUT_S)
        finally:
            future.cancel()

    def glance(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what ``work`` gives, None when it fails: for what a page can do without."""
        try:
            return Bridge.call(self, work)
        except (LLMError, TimeoutError):
            return None

    def stream(self, parts: AsyncGenerator[T, None], heartbeat: float = HEARTBEAT_S) -> Generator[T | None, None, None]:
        """Yield ``parts`` as they come, and None whenever nothing came for ``heartbeat`` seconds.

        Closing this generator cancels the work on the loop, and with it the call upstream. Raises its errors.
        """
        pump = _Pump(parts)
        future = asyncio.run_coroutine_threadsafe(pump.run(), self._loop)
        try:
            while True:
                try:
                    part = pump.outbox.get(timeout=heartbeat)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(part, _End):
                    if part.error is not None:
                        raise part.error
                    return
                yield part
                if pump.outbox.qsize() < QUEUE_LIMIT and not pump.room.is_set():
                    self._loop.call_soon_threadsafe(pump.room.set)
        finally:
            future.cancel()

"""Runs plain functions beside the event loop, in threads that end the process no later than it wants to end."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any, Final

__all__ = ["BusyError", "ToolThreads"]

MOST_THREADS: Final = 64


class BusyError(Exception):
    """As many functions run already as may, perhaps some that never end."""


class ToolThreads:
    """One thread for each function that runs, ``most`` at once. A function cannot be stopped: who leaves, leaves it."""

    __slots__ = ("_busy", "_most")

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._busy = 0

    async def run(self, work: Callable[[], Any]) -> Any:
        """Return what ``work`` returns. Raises what it raises, and :class:`BusyError`."""
        if self._busy >= self._most:
            raise BusyError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def ended(result: Any, error: BaseException | None) -> None:
            self._busy -= 1
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                # A future takes no StopIteration.
                future.set_exception(RuntimeError("StopIteration") if isinstance(error, StopIteration) else error)

        def body() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001 - it is raised where somebody waits
                error = raised
            try:
                loop.call_soon_threadsafe(ended, result, error)
            except RuntimeError:
                return  # The loop is closed: nobody waits any more.

        self._busy += 1
        threading.Thread(target=contextvars.copy_context().run, args=(body,), name="tool", daemon=True).start()
        return await future

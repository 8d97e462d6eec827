"""Work in the background, ended in order."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from router_core.clock import Clock
from router_core.health.dependencies import DependencyRegister
from router_core.monitor import DependencyMonitor

__all__ = ["Followers", "background"]

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
# What has gone on for so long works.
SETTLED_S: Final = 5.0

_log = logging.getLogger(__name__)


def background(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Begin ``work`` as a task; ``stack`` cancels it and waits for its end."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


class Followers:
    """Keeps the work of a process going that nobody waits for, and has it in ``register`` how that is doing."""

    def __init__(self, register: DependencyRegister, clock: Clock) -> None:
        self.register = register
        self._clock = clock

    def keep(
        self, stack: AsyncExitStack, monitor: DependencyMonitor, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin ``work``, and begin it anew, after a while, whenever it breaks, until ``stack`` ends it."""
        self.register.add(monitor.state)
        background(stack, self._kept(monitor, work))

    def plain(
        self, stack: AsyncExitStack, name: str, title: str, lost: str, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Keep ``work`` that has no monitor of its own; ``lost`` says what does not happen while it is broken."""
        monitor = DependencyMonitor(name, title, self._clock, works="Requests go on.", lost=lost)
        self.keep(stack, monitor, work)

    async def _kept(self, monitor: DependencyMonitor, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        pause = FIRST_PAUSE_S
        while True:
            task = asyncio.create_task(work())
            try:
                if monitor.word == "down":
                    await asyncio.wait({task}, timeout=SETTLED_S)
                    if not task.done():
                        monitor.worked()
                        pause = FIRST_PAUSE_S
                await task
            except Exception as error:  # noqa: BLE001 - whatever broke it, nobody else would begin it anew
                _log.exception("%s broke, and is begun anew", monitor.name)
                monitor.failed(error)
            else:
                return
            finally:
                task.cancel()
            await self._clock.sleep(pause * (0.5 + self._clock.random()))
            pause = min(2 * pause, LONGEST_PAUSE_S)

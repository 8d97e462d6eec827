"""The sign of life of this process, and what it hears of the others."""

import asyncio
import logging
from collections.abc import Callable

from msgspec import structs

from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.ports import NodeRegister
from router_core.types import Node

__all__ = ["Heartbeat", "NodeCount"]

BEAT_INTERVAL_S = 1.0
LEAVE_S = 2.0

_log = logging.getLogger(__name__)


class NodeCount:
    """How many processes share the rate limits: those alive, but never less than ``least``.

    ``least`` is the number of workers that this process was started with: they share from the first moment, before they
    know of each other.
    """

    __slots__ = ("_least", "_live")

    def __init__(self, least: int = 1) -> None:
        self._least = least
        self._live = least

    def note(self, live: int) -> None:
        """Take it that ``live`` nodes are alive."""
        self._live = live

    def share(self) -> int:
        """Return by how many the limits are divided."""
        return max(self._least, self._live)


class Heartbeat:
    """Tells the register of this process every second; ``describe`` says how it is now.

    While the register cannot be reached, the number of nodes that was heard last stands.
    """

    def __init__(self, register: NodeRegister, describe: Callable[[], Node], count: NodeCount, clock: Clock) -> None:
        self._register = register
        self._describe = describe
        self._count = count
        self._clock = clock
        self._took_ms = 0
        self._failures = 0

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self.beat()
            await self._clock.sleep(BEAT_INTERVAL_S)

    async def beat(self) -> None:
        """Beat once; a register that does not take it is told of once, and when it does again."""
        began = self._clock.now()
        try:
            live = await self._register.beat(structs.replace(self._describe(), store_ms=self._took_ms))
        except LLMError as error:
            if not self._failures:
                _log.warning("the register of nodes cannot be written: %s", error)
            self._failures += 1
            return
        if self._failures:
            _log.info("the register of nodes is written again after %d failures", self._failures)
        self._failures = 0
        self._took_ms = round((self._clock.now() - began) * 1000)
        self._count.note(live)

    async def leave(self) -> None:
        """Have this process forgotten, since it ends; within 2 s, or it counts as lost for an hour."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._register.leave(self._describe().id)
        except (LLMError, TimeoutError) as error:
            _log.info("this process stays in the register of nodes: %s", error)

"""Keeps the waits of one attempt: the first token, each pause between tokens, and the whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router_core.clock import Clock
from router_core.errors.provider_errors import TimeoutError as AttemptTimeoutError
from router_core.types import ProviderCall

__all__ = ["StageTimer"]


class StageTimer:
    """Starts when it is made; ``begun`` says that the answer's first part has been seen."""

    def __init__(self, call: ProviderCall, clock: Clock) -> None:
        self.begun = False
        self._limits = call.timeouts
        self._provider = call.provider.name
        self._clock = clock
        self._start = clock.now()

    def check(self) -> None:
        """Raise :class:`TimeoutError` when the whole attempt has taken too long."""
        if self._clock.now() - self._start > self._limits.total:
            raise self._late("total", self._limits.total)

    @asynccontextmanager
    async def total(self) -> AsyncIterator[None]:
        """Let what is inside take the whole attempt's time. Raises :class:`TimeoutError`."""
        try:
            async with asyncio.timeout(self._limits.total):
                yield
        except TimeoutError:
            raise self._late("total", self._limits.total) from None

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[None]:
        """Let what is inside take as long as a single wait may now. Raises :class:`TimeoutError`."""
        passed = self._clock.now() - self._start
        name, limit, left = "total", self._limits.total, self._limits.total - passed
        if self.begun and self._limits.idle < left:
            name, limit, left = "idle", self._limits.idle, self._limits.idle
        elif not self.begun and self._limits.first_token - passed < left:
            name, limit, left = "first_token", self._limits.first_token, self._limits.first_token - passed
        try:
            async with asyncio.timeout(max(left, 0)):
                yield
        except TimeoutError:
            raise self._late(name, limit) from None

    def _late(self, name: str, limit: float) -> AttemptTimeoutError:
        return AttemptTimeoutError(round(limit * 1000), provider=self._provider, waited_for=name)

"""Keeps the waits of one attempt: the first token, each pause between tokens, and the whole."""

import asyncio
from types import TracebackType

from router_core.clock import Clock
from router_core.errors.provider_errors import TimeoutError as AttemptTimeoutError
from router_core.errors.provider_errors import WaitedFor
from router_core.types import ProviderCall, ProviderPart, ReasoningDelta, TextDelta, ToolCallDelta

__all__ = ["StageTimer"]

PACE_GRACE_S = 5.0
BYTES_PER_TOKEN = 4


class StageTimer:
    """Starts when it is made; ``begun`` says that the answer's first part has been seen."""

    def __init__(self, call: ProviderCall, clock: Clock) -> None:
        self.begun = False
        self._limits = call.timeouts
        self._provider = call.provider.name
        self._clock = clock
        self._start = clock.now()
        self._begun_at: float | None = None
        self._written = 0

    def check(self) -> None:
        """Raise :class:`TimeoutError` when the whole attempt has taken too long."""
        if self._clock.now() - self._start > self._limits.total:
            raise self.late("total", self._limits.total)

    def keep_pace(self, part: ProviderPart) -> None:
        """Count what ``part`` says. Raises :class:`TimeoutError` when the stream is slower than it may be.

        Slow is what stays below the rate over the whole stream, from five seconds after its first part on; four bytes
        are a token.
        """
        now = self._clock.now()
        if self._begun_at is None:
            self._begun_at = now
        match part:
            case TextDelta() | ReasoningDelta():
                self._written += len(part.text.encode())
            case ToolCallDelta():
                self._written += len(part.json_text)
        passed = now - self._begun_at
        if passed >= PACE_GRACE_S and self._written / BYTES_PER_TOKEN < self._limits.min_tokens_per_s * passed:
            raise self.late("rate", passed)

    def total(self) -> "_Limit":
        """Let what is inside take the whole attempt's time. Raises :class:`TimeoutError`."""
        return _Limit(self, "total", self._limits.total, self._limits.total)

    def stage(self) -> "_Limit":
        """Let what is inside take as long as a single wait may now. Raises :class:`TimeoutError`."""
        passed = self._clock.now() - self._start
        name: WaitedFor = "total"
        limit, left = self._limits.total, self._limits.total - passed
        if self.begun and self._limits.idle < left:
            name, limit, left = "idle", self._limits.idle, self._limits.idle
        elif not self.begun and self._limits.first_token - passed < left:
            name, limit, left = "first_token", self._limits.first_token, self._limits.first_token - passed
        return _Limit(self, name, limit, left)

    def late(self, name: WaitedFor, limit: float) -> AttemptTimeoutError:
        """Return the error that says that ``limit`` seconds were not enough for ``name``."""
        return AttemptTimeoutError(round(limit * 1000), provider=self._provider, waited_for=name)


class _Limit:
    """An ``asyncio.timeout`` that ends in our own error; a class, since one is entered for every call and pause."""

    __slots__ = ("_left", "_limit", "_name", "_timeout", "_timer")

    def __init__(self, timer: StageTimer, name: WaitedFor, limit: float, left: float) -> None:
        self._timer = timer
        self._name = name
        self._limit = limit
        self._left = left

    async def __aenter__(self) -> None:
        self._timeout = asyncio.timeout(max(self._left, 0))
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise self._timer.late(self._name, self._limit) from None

"""Exponential backoff with jitter. The maths is pure; waiting goes through the clock."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import LLMError, MaxRetriesExceededError, to_llm_error

__all__ = ["RetryPolicy", "Retrying", "backoff"]

T = TypeVar("T")

DEFAULT_ATTEMPTS = 3
DEFAULT_INITIAL_DELAY = 0.1
DEFAULT_MAX_DELAY = 5.0
DEFAULT_MULTIPLIER = 2.0
DEFAULT_JITTER = 0.25


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How often and how soon to call again. ``max_attempts`` counts the first call; delays in seconds.

    Raises ``ValueError`` for figures that make no sense.
    """

    max_attempts: int = DEFAULT_ATTEMPTS
    initial_delay: float = DEFAULT_INITIAL_DELAY
    max_delay: float = DEFAULT_MAX_DELAY
    multiplier: float = DEFAULT_MULTIPLIER
    jitter: float = DEFAULT_JITTER

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError("max_attempts must be at least 1")
        if not 0 <= self.initial_delay <= self.max_delay:
            raise ValueError("delays must satisfy 0 <= initial_delay <= max_delay")
        if self.multiplier < 1 or not 0 <= self.jitter < 1:
            raise ValueError("multiplier must be at least 1 and jitter within [0, 1)")


def backoff(policy: RetryPolicy, attempt: int, rand: float) -> float:
    """Return the seconds to wait before call number ``attempt`` (the first is 1 and waits 0); ``rand`` in [0, 1).

    The jitter is applied before the cap, so no delay exceeds ``max_delay``.
    """
    if attempt <= 1:
        return 0.0
    exponent = min(attempt - 2, 64)
    delay: float = policy.initial_delay * policy.multiplier**exponent
    return min(policy.max_delay, delay * (1 + policy.jitter * (2 * rand - 1)))


class Retrying:
    """Calls a function again while its failures are retryable."""

    __slots__ = ("_clock", "policy")

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self.policy = policy
        self._clock = clock

    async def execute(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what ``call`` returns.

        Raises the first non-retryable error as it is, and :class:`MaxRetriesExceededError` when every attempt failed.
        A wait that the provider asks for is a floor; an error that asks for more than ``max_delay`` is raised at once.
        """
        attempt = 1
        while True:
            try:
                return await call()
            except Exception as error:
                failure = to_llm_error(error)
                if not failure.retryable:
                    raise
                attempt += 1
                if attempt > self.policy.max_attempts:
                    raise MaxRetriesExceededError(attempt - 1, failure) from error
                delay = self._delay(attempt, failure)
                if delay is None:
                    raise
            await self._clock.sleep(delay)

    def _delay(self, attempt: int, failure: LLMError) -> float | None:
        delay = backoff(self.policy, attempt, self._clock.random())
        asked = (failure.retry_after_ms or 0) / 1000
        return None if asked > self.policy.max_delay else max(delay, asked)

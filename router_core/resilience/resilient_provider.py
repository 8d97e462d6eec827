"""A breaker around every attempt of a retried call: the original system's ``ResilientProvider``."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from router_core.clock import Clock, SystemClock
from router_core.resilience.circuit_breaker import BreakerPolicy, CircuitBreaker
from router_core.resilience.retry import Retrying, RetryPolicy
from router_core.types import BreakerState

__all__ = ["ResilientProvider"]

T = TypeVar("T")


class ResilientProvider(Generic[T]):
    """Makes one kind of call with a circuit breaker and retries. For use by itself; the router has its own way."""

    def __init__(
        self,
        call: Callable[[], Awaitable[T]],
        *,
        breaker: BreakerPolicy | None = None,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._call = call
        self.breaker = CircuitBreaker(breaker or BreakerPolicy(), clock)
        self._retrying = Retrying(retry or RetryPolicy(), clock)

    async def execute(self) -> T:
        """Return what the call returns; every attempt passes through the breaker.

        Raises :class:`CircuitBreakerOpenError` while the breaker is open and :class:`MaxRetriesExceededError` when
        every attempt failed.
        """
        return await self._retrying.execute(lambda: self.breaker.execute(self._call))

    def get_state(self) -> BreakerState:
        """Return a picture of the breaker."""
        return self.breaker.get_state()

    def reset(self) -> None:
        """Close the breaker."""
        self.breaker.reset()

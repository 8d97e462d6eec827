"""Requests per account in this process, by itself: the original's rate limiter."""

import math

from msgspec import Struct

from router_core.clock import Clock, SystemClock
from router_core.errors import RateLimitExceededError
from router_core.rate_limiting.levels import Levels
from router_core.rate_limiting.token_bucket import GRAIN
from router_core.rate_limiting.wording import requests_refused

__all__ = ["RateLimitStatus", "RateLimiter"]

DEFAULT_RPS, DEFAULT_BURST = 10.0, 50


class RateLimitStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How an account stands: whole requests that it may make now, the exact level, and its limit."""

    account_id: str
    tokens_available: float
    requests_remaining: int
    requests_per_second: float
    burst_capacity: int


class RateLimiter:
    """A token bucket for each account; those unused for an hour are dropped."""

    __slots__ = ("_clock", "_full", "_levels", "burst_capacity", "requests_per_second")

    def __init__(
        self,
        *,
        requests_per_second: float = DEFAULT_RPS,
        burst_capacity: int = DEFAULT_BURST,
        clock: Clock | None = None,
    ) -> None:
        if requests_per_second <= 0 or burst_capacity < 1:
            raise ValueError("requests_per_second must be above 0, burst_capacity at least 1")
        self.requests_per_second = requests_per_second
        self.burst_capacity = burst_capacity
        self._full = burst_capacity - 1 + GRAIN
        self._clock = clock or SystemClock()
        self._levels = Levels()

    @property
    def accounts(self) -> int:
        """How many accounts it remembers."""
        return len(self._levels)

    def check_limit(self, account_id: str) -> bool | RateLimitExceededError:
        """Count a request and return True, or return, not raise, the error that refuses it."""
        now = self._clock.now()
        taken = self._levels.taken(account_id, now)
        if taken <= self._full:
            self._levels.put(account_id, taken + 1.0, self.requests_per_second, now)
            return True
        wait = (taken + 1.0 - self.burst_capacity) / self.requests_per_second
        return RateLimitExceededError(requests_refused(self.requests_per_second), retry_after_ms=math.ceil(wait * 1000))

    def get_status(self, account_id: str) -> RateLimitStatus:
        """Return how an account stands; one that was never seen is full."""
        left = self.burst_capacity - self._levels.taken(account_id, self._clock.now())
        return RateLimitStatus(
            account_id=account_id,
            tokens_available=left,
            requests_remaining=math.floor(left + GRAIN),
            requests_per_second=self.requests_per_second,
            burst_capacity=self.burst_capacity,
        )

    def reset(self, account_id: str) -> None:
        """Let an account begin anew."""
        self._levels.drop(account_id)

    def reset_all(self) -> None:
        """Let every account begin anew."""
        self._levels.clear()

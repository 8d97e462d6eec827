"""The token bucket: pure arithmetic, and one bucket for use by itself.

What is known of a bucket is what was taken out of it and has not come back. That way a limit that is edited resets
nothing: what was taken stays taken, and another capacity holds at once.
"""

from router_core.clock import Clock

__all__ = ["GRAIN", "TokenBucket", "taken_at", "wait_for"]

# Of a unit: less than this is a rounding error of times and rates, and no reason to refuse who waited as told.
GRAIN = 1e-6


def taken_at(taken: float, per_second: float, seconds: float) -> float:
    """Return what is still missing ``seconds`` after ``taken`` was; a clock that went back brings nothing back."""
    return max(0.0, taken - per_second * seconds) if seconds > 0 else taken


def wait_for(amount: float, taken: float, capacity: float, per_second: float) -> float:
    """Return the seconds until ``amount`` fits, 0 when it does; more than ``capacity`` fits once the bucket is full."""
    short = taken + min(amount, capacity) - capacity
    return 0.0 if short <= GRAIN else short / per_second


class TokenBucket:
    """A bucket of ``capacity`` tokens, full at first, into which ``refill_per_second`` tokens come back."""

    __slots__ = ("_at", "_clock", "_taken", "capacity", "refill_per_second")

    def __init__(self, capacity: float, refill_per_second: float, clock: Clock) -> None:
        if capacity <= 0 or refill_per_second <= 0:
            raise ValueError("capacity and refill must be above 0")
        self.capacity = capacity
        self.refill_per_second = refill_per_second
        self._clock = clock
        self._taken = 0.0
        self._at = clock.now()

    @property
    def tokens_available(self) -> float:
        """What is in it now."""
        return self.capacity - self._refilled()

    def try_consume(self, tokens: float = 1.0) -> bool:
        """Take ``tokens`` and say so, or take nothing."""
        if self._refilled() + tokens > self.capacity + GRAIN:
            return False
        self._taken += tokens
        return True

    def wait_ms(self, tokens: float = 1.0) -> float:
        """Return the milliseconds until ``tokens`` are there; more than the capacity never are."""
        if tokens > self.capacity:
            return float("inf")
        return 1_000 * wait_for(tokens, self._refilled(), self.capacity, self.refill_per_second)

    def reset(self) -> None:
        """Make it full."""
        self._taken = 0.0

    def _refilled(self) -> float:
        now = self._clock.now()
        self._taken = taken_at(self._taken, self.refill_per_second, now - self._at)
        self._at = now
        return self._taken

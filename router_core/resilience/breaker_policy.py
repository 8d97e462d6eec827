"""When a circuit breaker opens and closes."""

from msgspec import Struct

__all__ = ["BreakerPolicy"]

DEFAULT_FAILURE_THRESHOLD = 5
DEFAULT_COOLDOWN = 60.0
DEFAULT_SUCCESS_THRESHOLD = 2
DEFAULT_PROBE_LEASE = 65.0
DEFAULT_WINDOW = 60.0
DEFAULT_MINIMUM_CALLS = 20
DEFAULT_SLOW_RATE = 0.8


class BreakerPolicy(Struct, frozen=True, kw_only=True):
    """When to open and to close. Times in seconds, rates within (0, 1].

    ``probe_lease`` is how long a probe may stay unanswered before another is let through. ``failure_rate`` opens the
    breaker when that share of at least ``minimum_calls`` calls within ``window`` failed; ``slow_call`` when the share
    ``slow_rate`` of them took that long or longer. Both are off while None.
    Raises ``ValueError`` for figures that make no sense.
    """

    failure_threshold: int = DEFAULT_FAILURE_THRESHOLD
    cooldown: float = DEFAULT_COOLDOWN
    success_threshold: int = DEFAULT_SUCCESS_THRESHOLD
    probe_lease: float = DEFAULT_PROBE_LEASE
    failure_rate: float | None = None
    slow_call: float | None = None
    slow_rate: float = DEFAULT_SLOW_RATE
    window: float = DEFAULT_WINDOW
    minimum_calls: int = DEFAULT_MINIMUM_CALLS

    def __post_init__(self) -> None:
        if self.failure_threshold < 1 or self.success_threshold < 1 or self.minimum_calls < 1:
            raise ValueError("thresholds must be at least 1")
        if self.cooldown <= 0 or self.probe_lease <= 0 or self.window <= 0:
            raise ValueError("cooldown, probe_lease and window must be positive")
        if self.failure_rate is not None and not 0 < self.failure_rate <= 1:
            raise ValueError("failure_rate must be above 0 and at most 1")
        if not 0 < self.slow_rate <= 1:
            raise ValueError("slow_rate must be above 0 and at most 1")
        if self.slow_call is not None and self.slow_call <= 0:
            raise ValueError("slow_call must be positive")

"""What an operator sees of a circuit breaker."""

from typing import Literal

from msgspec import Struct

__all__ = ["BreakerPhase", "BreakerState"]

BreakerPhase = Literal["CLOSED", "OPEN", "HALF_OPEN"]


class BreakerState(Struct, frozen=True, kw_only=True):
    """What an operator sees. Times are monotonic seconds of the breaker's clock; ``cooldown_remaining`` in ms."""

    state: BreakerPhase
    failure_count: int
    success_count: int
    last_failure_time: float | None
    last_state_change: float
    cooldown_remaining: int

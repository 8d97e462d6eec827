"""What an operator sees of a circuit breaker, and how it came to be so."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = ["BreakerCause", "BreakerPhase", "BreakerState", "BreakerTransition", "Force"]

BreakerPhase = Literal["CLOSED", "OPEN", "HALF_OPEN"]

BreakerCause = Literal[
    "failures_in_a_row",
    "failure_rate",
    "slow_calls",
    "probe_failed",
    "cooldown_over",
    "probes_succeeded",
    "forced_open",
    "forced_closed",
    "force_ended",
    "reset",
]


class Force(Struct, frozen=True, kw_only=True, rename="camel"):
    """An operator's hold on a breaker: ``phase`` is kept until ``until`` (UTC), None for until it is reset."""

    phase: Literal["CLOSED", "OPEN"]
    reason: str
    actor: str
    until: datetime | None


class BreakerState(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an operator sees. Times are monotonic seconds of the breaker's clock; ``cooldown_remaining`` in ms.

    ``changed_at`` is the moment of the last change of state in UTC; ``failure_count`` counts failures in a row.
    """

    state: BreakerPhase
    failure_count: int
    success_count: int
    last_failure_time: float | None
    last_state_change: float
    cooldown_remaining: int
    changed_at: datetime
    forced: Force | None = None


class BreakerTransition(Struct, frozen=True, kw_only=True, rename="camel"):
    """One change of state. ``id`` is a ULID, ``node`` the process that saw it, ``upstream`` whose breaker it is.

    ``until`` is when an OPEN state may be probed, or when a force ends; ``actor`` and ``reason`` are an operator's.
    """

    id: str
    at: datetime
    node: str
    upstream: str
    before: BreakerPhase
    after: BreakerPhase
    cause: BreakerCause
    detail: str = ""
    actor: str | None = None
    until: datetime | None = None

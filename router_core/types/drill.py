"""Faults that an operator injects on purpose, and what users felt of them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = ["Drill", "DrillFault", "DrillOrder", "DrillReport"]

DrillFault = Literal["rate_limit", "server_error", "slow_first_token", "stalled_stream", "cut"]
MAX_DRILL_S = 3600


class DrillOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an operator asks for: ``percent`` of the calls to ``provider`` (a row's name) fail so for ``duration_s``.

    ``delay_s`` is how late the first token of ``slow_first_token`` comes.
    Raises ``ValueError`` for figures that make no sense.
    """

    provider: str
    fault: DrillFault
    percent: float = 100.0
    duration_s: int = 60
    delay_s: float = 5.0
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.provider:
            raise ValueError("provider must be the name of a provider")
        if not 0 < self.percent <= 100:
            raise ValueError("percent must be above 0 and at most 100")
        if not 1 <= self.duration_s <= MAX_DRILL_S:
            raise ValueError(f"durationS must be within 1 and {MAX_DRILL_S} seconds")
        if not 0 < self.delay_s <= 60:
            raise ValueError("delayS must be above 0 and at most 60 seconds")
        if len(self.reason) > 200:
            raise ValueError("reason must have at most 200 characters")


class Drill(Struct, frozen=True, kw_only=True, rename="camel"):
    """A drill: its order, who ordered it, and when it ends by itself. ``stopped_at`` is set once it is over."""

    id: str
    order: DrillOrder
    actor: str
    started_at: datetime
    ends_at: datetime
    stopped_at: datetime | None = None
    stopped_by: str | None = None


class DrillReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a drill did: ``hit_calls`` calls were spoilt; the rest counts the requests that had such a call.

    ``rescued`` requests succeeded all the same, ``failed`` ones did not (``errors`` by code), ``cancelled`` ones were
    given up by their caller. Latencies in milliseconds are those of the rescued, None without any.
    """

    drill: Drill
    active: bool
    hit_calls: int
    requests: int
    rescued: int
    failed: int
    cancelled: int
    errors: dict[str, int]
    p50_ms: float | None
    p95_ms: float | None

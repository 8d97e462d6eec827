"""What the API and the console read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.types import (
    RequestEvent,
)

__all__ = ["EventSource", "HealthReader", "ProviderHealth"]


class ProviderHealth(Struct, frozen=True, kw_only=True):
    """The last known state of a provider. ``healthy`` is None while nothing is known; latency in milliseconds."""

    provider: str
    healthy: bool | None
    latency_ms: float | None
    last_check: datetime | None
    error: str | None
    breaker: str


class HealthReader(Protocol):
    """Tells the last known state of every active provider; never calls one."""

    def board(self) -> Sequence[ProviderHealth]:
        """Return one row for each active provider."""
        ...


class EventSource(Protocol):
    """Reads back what was recorded."""

    def recent(self, limit: int, accounts: Sequence[str] | None) -> Sequence[RequestEvent]:
        """Return the newest events first; ``accounts`` None means all."""
        ...

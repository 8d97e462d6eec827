"""Passive health: what real traffic has shown of each provider."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from router_core.ports import ConfigSource, ProviderHealth
from router_core.types import Attempt, BreakerState, RequestEvent

__all__ = ["HealthBoard"]

# Outcomes that say nothing about the provider's health.
_SILENT = frozenset({"cancelled", "INTERNAL_ERROR", "VALIDATION_ERROR", "TOKEN_LIMIT_EXCEEDED", "RATE_LIMIT"})


class _Seen(Struct, frozen=True):
    """The newest telling attempt at a provider."""

    healthy: bool
    latency_ms: float | None
    at: datetime
    error: str | None


class HealthBoard:
    """Follows the attempts of finished requests and reads the breakers; it never calls a provider."""

    __slots__ = ("_breakers", "_config", "_seen")

    def __init__(self, config: ConfigSource, breakers: Callable[[], Mapping[str, BreakerState]]) -> None:
        self._config = config
        self._breakers = breakers
        self._seen: dict[str, _Seen] = {}

    def record(self, event: RequestEvent) -> None:
        """Take what ``event``'s attempts say."""
        for attempt in event.decision.attempts:
            if attempt.outcome not in _SILENT:
                self._seen[attempt.provider] = self._judge(attempt, event.timestamp)

    def board(self) -> Sequence[ProviderHealth]:
        """Return one row for each active provider; a provider whose breaker is not closed is not healthy."""
        breakers = self._breakers()
        return [
            self._row(provider.name, breakers.get(provider.name))
            for provider in self._config.snapshot().providers
            if provider.is_active
        ]

    def _judge(self, attempt: Attempt, at: datetime) -> _Seen:
        if attempt.outcome == "success":
            return _Seen(True, attempt.latency_ms, at, None)
        before = self._seen.get(attempt.provider)
        return _Seen(False, before.latency_ms if before else None, at, attempt.error or attempt.outcome)

    def _row(self, name: str, breaker: BreakerState | None) -> ProviderHealth:
        seen = self._seen.get(name)
        state = "CLOSED" if breaker is None else breaker.state
        healthy = seen.healthy if seen is not None else None
        return ProviderHealth(
            provider=name,
            healthy=healthy if state == "CLOSED" else False,
            latency_ms=seen.latency_ms if seen else None,
            last_check=seen.at if seen else None,
            error=seen.error if seen else None,
            breaker=state,
        )

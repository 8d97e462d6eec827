"""Says whether a provider answers, by the smallest call that can be made."""

from typing import Final

from router_core.admin.configuration_views import ConnectionResult
from router_core.clock import Clock
from router_core.health.checker import CheckPolicy, HealthChecker
from router_core.health.signs import CheckResult
from router_core.health.upstream_checks import CheckTarget, UpstreamChecks
from router_core.ports import KeySource
from router_core.types import ProviderConfig

__all__ = ["CONNECTION_POLICY", "ConnectionTest"]

CONNECTION_POLICY: Final = CheckPolicy(timeout=5.0)


class ConnectionTest:
    """Makes an active check when somebody asks for it: within 5 s, held against the daily cap, billed to nobody."""

    def __init__(self, checks: UpstreamChecks, keys: KeySource, clock: Clock) -> None:
        self._checks = checks
        self._keys = keys
        self._clock = clock

    async def __call__(self, row: ProviderConfig) -> ConnectionResult:
        """Return how a call to ``row`` ended; ``row`` need not be saved. Never raises for what the provider does."""
        key = self._keys.key_for(row)
        if key is None:
            return ConnectionResult(provider=row.name, ok=None, error="there is no key that may go to its host")
        check = self._checks.check(CheckTarget(provider=row, names=(row.name,), key=key))
        results: list[CheckResult] = []
        checker = HealthChecker(
            source=lambda: [check],
            listener=lambda _, result: results.append(result),
            clock=self._clock,
            policy=CONNECTION_POLICY,
        )
        try:
            await checker.sweep()
        finally:
            await checker.close()
        result = results[0]
        return ConnectionResult(provider=row.name, ok=result.good, latency_ms=result.latency_ms, error=result.error)

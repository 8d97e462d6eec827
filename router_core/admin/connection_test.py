"""Says whether a provider answers, by the smallest call that can be made."""

from collections.abc import Sequence
from typing import Final

from router_core.admin.configuration_views import ConnectionResult
from router_core.clock import Clock
from router_core.health.checker import CheckPolicy, HealthChecker
from router_core.health.signs import CheckResult
from router_core.health.upstream_checks import CheckTarget, UpstreamChecks
from router_core.ports import KeySource
from router_core.types import ProviderConfig, UsableKey

__all__ = ["CONNECTION_POLICY", "ConnectionTest"]

CONNECTION_POLICY: Final = CheckPolicy(timeout=5.0)
_ORDER: Final = (False, None, True)


class ConnectionTest:
    """Makes an active check when somebody asks for it: within 5 s, held against the daily cap, billed to nobody."""

    def __init__(self, checks: UpstreamChecks, keys: KeySource, clock: Clock) -> None:
        self._checks = checks
        self._keys = keys
        self._clock = clock

    async def __call__(self, row: ProviderConfig) -> ConnectionResult:
        """Return how the call to ``row`` ended that ended worst, of one with each of its keys; it need not be saved.

        Never raises for what the provider does.
        """
        keys = self._keys.keys_for(row)
        if not keys:
            return ConnectionResult(provider=row.name, ok=None, error="there is no key that may go to its host")
        # The name that comes back with a result says which key it is about.
        targets = {
            f"{number}": CheckTarget(provider=row, names=(f"{number}",), key=key.secret)
            for number, key in enumerate(keys)
        }
        checks = [self._checks.check(each) for each in targets.values()]
        results: dict[str, CheckResult] = {}
        checker = HealthChecker(
            source=lambda: checks,
            listener=lambda names, result: results.update({names[0]: result}),
            clock=self._clock,
            policy=CONNECTION_POLICY,
        )
        try:
            await checker.sweep()
        finally:
            await checker.close()
        return _worst(row, [(key, results[f"{number}"]) for number, key in enumerate(keys)])


def _worst(row: ProviderConfig, results: Sequence[tuple[UsableKey, CheckResult]]) -> ConnectionResult:
    """Return how the call ended that ended worst; of several keys its error says which one it carried."""
    key, result = min(results, key=lambda each: _ORDER.index(each[1].good))
    error = result.error
    if error is not None and len(results) > 1:
        error = f"with the key {key.mask or 'of the environment'}: {error}"
    return ConnectionResult(provider=row.name, ok=result.good, latency_ms=result.latency_ms, error=error)

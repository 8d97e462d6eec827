"""The router's figures out of the settings."""

from router_core.attempts import AttemptPolicy
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.concurrency import DEFAULT_LEAST, ConcurrencyPolicy
from router_core.resilience.retry import RetryPolicy
from router_core.resilience.retry_budget import RetryBudgetPolicy
from router_core.resilience.upstream import UpstreamPolicy
from router_core.router import RouterPolicy
from signalbox.settings import Settings

__all__ = ["router_policy"]

# A probe that did not come back this long after the longest request never will.
_PROBE_GRACE = 5.0


def router_policy(settings: Settings) -> RouterPolicy:
    """Return the router's figures out of ``settings``."""
    attempts = AttemptPolicy(
        retry=RetryPolicy(max_attempts=settings.retry_attempts, max_delay=settings.retry_longest_wait_s),
        upstreams=_upstreams(settings),
        connect=settings.connect_timeout_s,
        first_token=settings.first_token_timeout_s,
        voice_first_token=settings.voice_first_token_timeout_s,
        idle=settings.idle_timeout_s,
    )
    return RouterPolicy(request_timeout=settings.request_timeout_s, in_flight=settings.max_in_flight, attempts=attempts)


def _upstreams(settings: Settings) -> UpstreamPolicy:
    most = settings.provider_in_flight
    return UpstreamPolicy(
        breaker=_breaker(settings),
        retry_budget=RetryBudgetPolicy(share=settings.retry_budget_percent / 100, floor=settings.retry_budget_floor),
        hedge_budget=RetryBudgetPolicy(share=settings.hedge_budget_percent / 100, floor=settings.retry_budget_floor),
        concurrency=ConcurrencyPolicy(ceiling=most, least=min(most, DEFAULT_LEAST)),
        longest_rest=settings.longest_rest_s,
    )


def _breaker(settings: Settings) -> BreakerPolicy:
    rate = settings.breaker_failure_percent
    return BreakerPolicy(
        failure_threshold=settings.breaker_failures,
        cooldown=settings.breaker_cooldown_s,
        success_threshold=settings.breaker_successes,
        probe_lease=settings.request_timeout_s + _PROBE_GRACE,
        failure_rate=None if rate is None else rate / 100,
        slow_call=settings.breaker_slow_call_s,
        slow_rate=settings.breaker_slow_percent / 100,
        window=settings.breaker_window_s,
        minimum_calls=settings.breaker_minimum_calls,
    )

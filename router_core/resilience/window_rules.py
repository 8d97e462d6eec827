"""The optional rules of a circuit breaker: too many failures, or too many slow calls, within a window."""

from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.call_window import CallWindow
from router_core.types import BreakerCause

__all__ = ["WindowRules", "window_rules"]


class WindowRules:
    """Follows every counted call and says when a rule is broken."""

    __slots__ = ("_failed", "_policy", "_slow")

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failed = CallWindow(policy.window)
        self._slow = CallWindow(policy.window)

    def note(self, now: float, *, failed: bool, seconds: float) -> tuple[BreakerCause, str] | None:
        """Count a call that took ``seconds``; return the broken rule and its figures, if there is one."""
        for window in (self._failed, self._slow):
            window.note_call(now)
        if failed:
            self._failed.note_mark(now)
        elif self._policy.slow_call is not None and seconds >= self._policy.slow_call:
            self._slow.note_mark(now)
        return self._broken()

    def clear(self) -> None:
        """Forget all calls."""
        self._failed.clear()
        self._slow.clear()

    def _broken(self) -> tuple[BreakerCause, str] | None:
        policy, calls = self._policy, self._failed.calls
        if calls < policy.minimum_calls:
            return None
        span = f"of {calls} calls within {policy.window:g} s"
        if policy.failure_rate is not None and self._failed.marks >= policy.failure_rate * calls:
            return ("failure_rate", f"{self._failed.marks} {span} failed")
        if policy.slow_call is not None and self._slow.marks >= policy.slow_rate * calls:
            return ("slow_calls", f"{self._slow.marks} {span} took {policy.slow_call:g} s or longer")
        return None


def window_rules(policy: BreakerPolicy) -> WindowRules | None:
    """Return the rules that ``policy`` switches on, None for none."""
    if policy.failure_rate is None and policy.slow_call is None:
        return None
    return WindowRules(policy)

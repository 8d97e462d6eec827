"""Slows down password guessing, per e-mail address and network address."""

from collections import OrderedDict
from dataclasses import dataclass

from router_core.clock import Clock

__all__ = ["FailureThrottle"]


@dataclass
class _Failures:
    number: int = 0
    until: float = 0.0
    forget_at: float = 0.0


class FailureThrottle:
    """Lets a few failures pass, then makes each next one cost twice the wait, up to 15 minutes.

    The number of remembered pairs is bounded; the one that failed longest ago is forgotten first.
    """

    FREE_FAILURES = 5
    FIRST_WAIT_S = 2.0
    LONGEST_WAIT_S = 900.0
    MEMORY_S = 3600.0
    CAPACITY = 10_000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def wait(self, email: str, address: str) -> float:
        """Return the seconds until the next try is allowed, 0 when it is allowed now."""
        found = self._failures.get((email, address))
        return 0.0 if found is None else max(0.0, found.until - self._clock.now())

    def failed(self, email: str, address: str) -> None:
        """Note a wrong password."""
        now = self._clock.now()
        key = (email, address)
        found = self._failures.pop(key, None)
        if found is None or found.forget_at < now:
            found = _Failures()
        found.number += 1
        found.forget_at = now + self.MEMORY_S
        surplus = found.number - self.FREE_FAILURES
        if surplus >= 0:
            found.until = now + min(self.FIRST_WAIT_S * 2.0 ** min(surplus, 20), self.LONGEST_WAIT_S)
        self._failures[key] = found
        if len(self._failures) > self.CAPACITY:
            self._failures.popitem(last=False)

    def passed(self, email: str, address: str) -> None:
        """Forget the failures of a pair that signed in."""
        self._failures.pop((email, address), None)

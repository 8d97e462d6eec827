"""What active checks cost, day by day in UTC, and what they may."""

from datetime import date

from router_core.clock import Clock
from router_core.types import NanoUSD, ProbeSpend

__all__ = ["CheckLedger"]


class CheckLedger:
    """Holds the most that a check can cost before it is made, so that checks made at once stay below the cap too."""

    __slots__ = ("_cap", "_checks", "_clock", "_cost", "_day")

    def __init__(self, cap: NanoUSD, clock: Clock) -> None:
        self._cap = cap
        self._clock = clock
        self._day: date = clock.utcnow().date()
        self._checks = 0
        self._cost: NanoUSD = 0

    def hold(self, bound: NanoUSD) -> bool:
        """Count one more check that costs ``bound`` at most; False, and nothing counted, when that is above the cap."""
        today = self._clock.utcnow().date()
        if today != self._day:
            self._day, self._checks, self._cost = today, 0, 0
        if self._cost + bound > self._cap:
            return False
        self._checks += 1
        self._cost += bound
        return True

    def give_back(self, rest: NanoUSD) -> None:
        """Take back what a check did not cost of what was held; less than nothing when it cost more."""
        self._cost = max(0, self._cost - rest)

    def spend(self) -> ProbeSpend:
        """Return what was spent since midnight UTC."""
        today = self._clock.utcnow().date() == self._day
        return ProbeSpend(checks=self._checks if today else 0, cost=self._cost if today else 0, cap=self._cap)

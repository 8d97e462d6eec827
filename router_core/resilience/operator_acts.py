"""What operators did to breakers, in an order that every process agrees on."""

from datetime import timedelta

from msgspec import structs

from router_core.clock import Clock
from router_core.types import BreakerTransition

__all__ = ["OperatorActs"]

_FORCES = frozenset({"forced_open", "forced_closed"})
_TICK = timedelta(microseconds=1)


class OperatorActs:
    """Remembers the last act on each upstream. The latest time wins, then the greater id, as in the breaker log."""

    __slots__ = ("_clock", "_last")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, BreakerTransition] = {}

    def stamped(self, transition: BreakerTransition) -> BreakerTransition:
        """Return what happened here, an act with a time behind the last one known, even if that one's clock was fast.

        Else an operator who resets what she sees forced would be overruled by a process whose clock is ahead.
        """
        if not _binds(transition):
            return transition
        last = self._last.get(transition.upstream)
        if last is not None and last.at >= transition.at:
            transition = structs.replace(transition, at=last.at + _TICK)
        self._last[transition.upstream] = transition
        return transition

    def admits(self, heard: BreakerTransition) -> bool:
        """Say whether ``heard`` is to be followed: an act if it is the latest, advice unless a force holds."""
        last = self._last.get(heard.upstream)
        if not _binds(heard):
            return last is None or not self._holds(last)
        if last is not None and (last.at, last.id) >= (heard.at, heard.id):
            return False
        self._last[heard.upstream] = heard
        return True

    def is_end_of_heard(self, transition: BreakerTransition, node: str) -> bool:
        """Say whether ``transition`` is the end, by time, of another process's force: that one tells it."""
        last = self._last.get(transition.upstream)
        return (
            transition.cause == "force_ended"
            and transition.actor is None
            and last is not None
            and last.cause in _FORCES
            and last.node != node
        )

    def _holds(self, act: BreakerTransition) -> bool:
        return act.cause in _FORCES and (act.until is None or act.until > self._clock.utcnow())


def _binds(transition: BreakerTransition) -> bool:
    if transition.cause == "force_ended":
        return transition.actor is not None  # without one its time was up, which every process knows of itself
    return transition.cause == "reset" or transition.cause in _FORCES

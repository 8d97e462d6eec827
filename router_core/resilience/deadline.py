"""One budget of seconds, shared by every attempt of a request."""

from router_core.clock import Clock

__all__ = ["Deadline"]


class Deadline:
    """The instant at which a request must be over. ``started`` is a clock reading, ``total`` seconds."""

    __slots__ = ("_clock", "_end", "started", "total")

    def __init__(self, clock: Clock, total: float) -> None:
        self._clock = clock
        self.total = total
        self.started = clock.now()
        self._end = self.started + total

    def remaining(self) -> float:
        """Return the seconds left; never negative."""
        return max(0.0, self._end - self._clock.now())

    def share(self, candidates_left: int, *, reserve: float, floor: float) -> float:
        """Return the seconds one attempt may take so that ``candidates_left`` more can follow.

        ``reserve`` seconds are kept for the answer's way back; an attempt gets at least ``floor`` seconds, but never
        more than what is left.
        """
        left = self.remaining()
        return min(left, max(floor, (left - reserve) / max(1, candidates_left)))

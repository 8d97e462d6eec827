"""How long to wait before a lost worker is replaced."""

from typing import Final

from router_core.clock import Clock

__all__ = ["Backoff"]

FIRST_S: Final = 0.5
LONGEST_S: Final = 30.0
STABLE_S: Final = 60.0
_JITTER: Final = 0.25


class Backoff:
    """Pauses that double from half a second to 30 s, each up to a quarter shorter by chance.

    They begin anew once a worker has lived for a minute.
    """

    __slots__ = ("_clock", "_pause")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pause = FIRST_S

    def next(self, lived_s: float) -> float:
        """Return the pause in seconds after the end of a worker that answered requests for ``lived_s``."""
        if lived_s >= STABLE_S:
            self._pause = FIRST_S
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_S)
        return pause * (1 - _JITTER * self._clock.random())

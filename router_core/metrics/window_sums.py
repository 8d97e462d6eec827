"""The sum over a window that slides along: what entered is added, what left is taken out, the rest stays as it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from router_core.metrics.step_sums import StepSum, Tally

__all__ = ["Frame", "WindowSums"]


class Frame(NamedTuple):
    """Where the window before begins, where the window begins, and where its last step does."""

    before: datetime
    first: datetime
    last: datetime

    def place(self, start: datetime) -> int | None:
        """Return 0 for a step of the window, 1 for one of the window before, None for any other."""
        if self.first <= start <= self.last:
            return 0
        return 1 if self.before <= start < self.first else None


class WindowSums(Struct, frozen=True):
    """Two windows, side by side. Never changed: :meth:`moved` returns the next ones."""

    frame: Frame
    steps: Mapping[datetime, StepSum]
    current: Tally
    previous: Tally

    @classmethod
    def empty(cls, frame: Frame) -> "WindowSums":
        """Return windows in which nothing happened."""
        return cls(frame, {}, Tally(), Tally())

    def moved(self, frame: Frame, steps: Mapping[datetime, StepSum]) -> "WindowSums":
        """Return the sums over ``frame``, given all ``steps`` in it. Costs as much as there are changes."""
        tallies = (self.current.copy(), self.previous.copy())
        for start in self.steps.keys() | steps.keys():
            old, new = self.steps.get(start), steps.get(start)
            was, goes = self.frame.place(start), frame.place(start)
            if old is new and was == goes:
                continue
            if old is not None and was is not None:
                tallies[was].take_step(old)
            if new is not None and goes is not None:
                tallies[goes].add_step(new)
        return WindowSums(frame, steps, *tallies)

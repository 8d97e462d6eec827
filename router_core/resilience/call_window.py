"""Counts calls over a sliding window in a ring of buckets, so that neither time nor memory grows with traffic."""

__all__ = ["BUCKETS", "CallWindow"]

BUCKETS = 10


class CallWindow:
    """Two tallies over the last ``seconds``, a tenth of the window exact. The caller says what time it is."""

    __slots__ = ("_calls", "_marks", "_newest", "_width", "calls", "marks")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / BUCKETS
        self._calls = [0] * BUCKETS
        self._marks = [0] * BUCKETS
        self._newest = 0
        self.calls = 0
        self.marks = 0

    def advance(self, now: float) -> int:
        """Forget what is older than the window at clock reading ``now``; return the bucket of ``now``."""
        tick = int(now // self._width)
        if tick > self._newest:
            for passed in range(max(self._newest + 1, tick - BUCKETS + 1), tick + 1):
                slot = passed % BUCKETS
                self.calls -= self._calls[slot]
                self.marks -= self._marks[slot]
                self._calls[slot] = self._marks[slot] = 0
            self._newest = tick
        return self._newest % BUCKETS

    def note_call(self, now: float) -> None:
        """Count one call."""
        self._calls[self.advance(now)] += 1
        self.calls += 1

    def note_mark(self, now: float) -> None:
        """Count one of what the window is about: a failure, a slow call, a repeat."""
        self._marks[self.advance(now)] += 1
        self.marks += 1

    def clear(self) -> None:
        """Forget everything."""
        self._calls = [0] * BUCKETS
        self._marks = [0] * BUCKETS
        self.calls = self.marks = 0

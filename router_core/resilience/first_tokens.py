"""How long first tokens took lately."""

from collections import deque

__all__ = ["FirstTokens"]

KEPT = 200
ENOUGH = 20
_RECOUNT = 10
_SHARE = 0.95


class FirstTokens:
    """The newest first-token times of one upstream, in seconds, and their 95th percentile."""

    __slots__ = ("_kept", "_p95", "_stale")

    def __init__(self) -> None:
        self._kept: deque[float] = deque(maxlen=KEPT)
        self._p95: float | None = None
        self._stale = 0

    def note(self, seconds: float) -> None:
        """Keep one time."""
        self._kept.append(seconds)
        self._stale += 1

    def p95(self) -> float | None:
        """Return the 95th percentile, at most a few samples old; None before there are enough."""
        if len(self._kept) >= ENOUGH and (self._p95 is None or self._stale >= _RECOUNT):
            self._p95 = sorted(self._kept)[int(_SHARE * (len(self._kept) - 1))]
            self._stale = 0
        return self._p95

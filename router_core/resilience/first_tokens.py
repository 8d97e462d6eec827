"""How long first tokens took lately."""

from collections import deque

from router_core.types import Pace

__all__ = ["FirstTokens"]

KEPT = 200
ENOUGH = 20
_RECOUNT = 10
_SHARE = 0.95
NEWEST = 20
ENOUGH_FOR_PACE = 5
FRESH_S = 600.0


class FirstTokens:
    """The newest first-token times of one upstream, in seconds: their 95th percentile, and the pace of the newest.

    The pace follows changes quickly: it is of the 20 newest times, none older than ten minutes.
    """

    __slots__ = ("_kept", "_newest", "_p95", "_stale")

    def __init__(self) -> None:
        self._kept: deque[float] = deque(maxlen=KEPT)
        self._newest: deque[tuple[float, float]] = deque(maxlen=NEWEST)
        self._p95: float | None = None
        self._stale = 0

    def note(self, seconds: float, now: float) -> None:
        """Keep one time that ended at the clock's ``now``."""
        self._kept.append(seconds)
        self._newest.append((now, seconds))
        self._stale += 1

    def note_in_vain(self, seconds: float, now: float) -> None:
        """Keep, for the pace, that somebody waited ``seconds`` for a first token that had not come by then.

        That tells something only where it usually comes sooner.
        """
        usual = self.pace(now)
        if usual is not None and seconds > usual.seconds:
            self._newest.append((now, seconds))

    def p95(self) -> float | None:
        """Return the 95th percentile, at most a few samples old; None before there are enough."""
        if len(self._kept) >= ENOUGH and (self._p95 is None or self._stale >= _RECOUNT):
            self._p95 = sorted(self._kept)[int(_SHARE * (len(self._kept) - 1))]
            self._stale = 0
        return self._p95

    def pace(self, now: float) -> Pace | None:
        """Return the median of the newest times, None where there are fewer than five of the last ten minutes."""
        while self._newest and now - self._newest[0][0] > FRESH_S:
            self._newest.popleft()
        count = len(self._newest)
        if count < ENOUGH_FOR_PACE:
            return None
        return Pace(sorted([seconds for _, seconds in self._newest])[count // 2], count)

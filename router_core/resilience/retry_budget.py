"""Keeps repeats from becoming a storm: they may be a share of the calls, no more."""

from msgspec import Struct

from router_core.clock import Clock
from router_core.resilience.call_window import CallWindow

__all__ = ["RetryBudget", "RetryBudgetPolicy"]

DEFAULT_SHARE = 0.2
DEFAULT_FLOOR = 3
DEFAULT_WINDOW = 10.0


class RetryBudgetPolicy(Struct, frozen=True, kw_only=True):
    """Extra calls may be ``share`` of the first calls of the last ``window`` seconds, or ``floor`` if that is more.

    Raises ``ValueError`` for figures that make no sense.
    """

    share: float = DEFAULT_SHARE
    floor: int = DEFAULT_FLOOR
    window: float = DEFAULT_WINDOW

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.floor < 0 or self.window <= 0:
            raise ValueError("share must be within 0 and 1, floor not negative, window positive")


class RetryBudget:
    """Counts first calls and the extra calls that they allow (Finagle's retry budget). One for each upstream."""

    __slots__ = ("_clock", "_policy", "_window", "refused")

    def __init__(self, policy: RetryBudgetPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._window = CallWindow(policy.window)
        self.refused = 0

    def note_call(self) -> None:
        """Count a first call."""
        self._window.note_call(self._clock.now())

    def allow_repeat(self) -> bool:
        """Take leave for one extra call, if there is any."""
        now = self._clock.now()
        self._window.advance(now)
        if self._window.marks + 1 > max(self._policy.floor, self._policy.share * self._window.calls):
            self.refused += 1
            return False
        self._window.note_mark(now)
        return True

    def recent(self) -> tuple[int, int]:
        """Return the first calls and the extra calls of the window."""
        self._window.advance(self._clock.now())
        return self._window.calls, self._window.marks

"""How many calls are made at once: a limit that yields to overload and grows back (AIMD)."""

from msgspec import Struct

from router_core.clock import Clock

__all__ = ["AdaptiveLimit", "ConcurrencyPolicy"]

DEFAULT_CEILING = 1_000
DEFAULT_LEAST = 8
DEFAULT_BACKOFF = 0.8
DEFAULT_PAUSE = 1.0
DEFAULT_GROWTH = 0.5
DEFAULT_CALM = 5.0
_REGROWTH = 1.5
_CROWDED = 0.5


class ConcurrencyPolicy(Struct, frozen=True, kw_only=True):
    """The limit moves between ``least`` and ``ceiling``.

    An overload sets it to ``backoff`` times what was in flight, at most once in ``pause`` seconds and never for fewer
    than ``least`` calls: so few overload nobody. A good outcome adds ``growth`` while at least half of the limit is in
    use, and whoever finds no room ``calm`` seconds after the last overload or growth makes it half as large again, so
    that a limit cut at night does not meet the morning. Raises ``ValueError`` for figures that make no sense.
    """

    ceiling: int = DEFAULT_CEILING
    least: int = DEFAULT_LEAST
    backoff: float = DEFAULT_BACKOFF
    pause: float = DEFAULT_PAUSE
    growth: float = DEFAULT_GROWTH
    calm: float = DEFAULT_CALM

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.ceiling:
            raise ValueError("concurrency limits must satisfy 1 <= least <= ceiling")
        if not 0 < self.backoff < 1 or self.pause < 0 or self.growth <= 0 or self.calm <= 0:
            raise ValueError("backoff must be within 0 and 1, pause not negative, growth and calm positive")


class AdaptiveLimit:
    """Additive increase, multiplicative decrease. Not thread-safe: it belongs to one event loop."""

    __slots__ = ("_calm_at", "_clock", "_limit", "_policy", "_quiet_until", "in_flight", "refused")

    def __init__(self, policy: ConcurrencyPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._limit = float(policy.ceiling)
        self._quiet_until = 0.0
        self._calm_at = 0.0
        self.in_flight = 0
        self.refused = 0

    @property
    def limit(self) -> int:
        """How many calls may be in flight now."""
        return int(self._limit)

    def has_room(self) -> bool:
        """Say whether one more call may be made."""
        return self.in_flight < int(self._limit) or self._regrow()

    def take(self) -> bool:
        """Count one more call in flight, if there is room."""
        if self.in_flight >= int(self._limit) and not self._regrow():
            self.refused += 1
            return False
        self.in_flight += 1
        return True

    def give_back(self) -> None:
        """One call less is in flight."""
        self.in_flight -= 1

    def note_good(self) -> None:
        """A call went well: room grows where it is needed."""
        if self._limit < self._policy.ceiling and self.in_flight >= self._limit * _CROWDED:
            self._limit = min(self._policy.ceiling, self._limit + self._policy.growth)

    def note_overload(self) -> None:
        """There was more than could be served."""
        now = self._clock.now()
        self._calm_at = now + self._policy.calm
        if now >= self._quiet_until and self.in_flight >= self._policy.least:
            self._quiet_until = now + self._policy.pause
            crowd = min(self._limit, float(self.in_flight))
            self._limit = max(float(self._policy.least), crowd * self._policy.backoff)

    def restore(self) -> None:
        """Go back to the ceiling."""
        self._limit = float(self._policy.ceiling)

    def _regrow(self) -> bool:
        """Make room after a calm while; say whether there is some now."""
        now = self._clock.now()
        if self._limit >= self._policy.ceiling or now < self._calm_at:
            return False
        self._calm_at = now + self._policy.calm
        self._limit = min(float(self._policy.ceiling), self._limit * _REGROWTH + 1)
        return self.in_flight < int(self._limit)

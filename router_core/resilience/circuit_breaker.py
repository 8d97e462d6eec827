"""The circuit breaker: CLOSED lets calls through, OPEN refuses them, HALF_OPEN lets one probe through at a time."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import CircuitBreakerOpenError, LLMError, ProviderError
from router_core.types import BreakerPhase, BreakerState

__all__ = ["BreakerPolicy", "BreakerSet", "CircuitBreaker", "Permit"]

T = TypeVar("T")

DEFAULT_FAILURE_THRESHOLD = 5
DEFAULT_COOLDOWN = 60.0
DEFAULT_SUCCESS_THRESHOLD = 2
DEFAULT_PROBE_LEASE = 65.0


class BreakerPolicy(Struct, frozen=True, kw_only=True):
    """When to open and to close. Times in seconds.

    ``probe_lease`` is how long a probe may stay unanswered before another is let through.
    Raises ``ValueError`` for figures that make no sense.
    """

    failure_threshold: int = DEFAULT_FAILURE_THRESHOLD
    cooldown: float = DEFAULT_COOLDOWN
    success_threshold: int = DEFAULT_SUCCESS_THRESHOLD
    probe_lease: float = DEFAULT_PROBE_LEASE

    def __post_init__(self) -> None:
        if self.failure_threshold < 1 or self.success_threshold < 1:
            raise ValueError("thresholds must be at least 1")
        if self.cooldown <= 0 or self.probe_lease <= 0:
            raise ValueError("cooldown and probe_lease must be positive")


class Permit:
    """Leave to make one call; closed exactly once with success, failure or ignore. Later closes do nothing."""

    __slots__ = ("_breaker", "_closed", "generation", "is_probe")

    def __init__(self, breaker: "CircuitBreaker", generation: int, *, is_probe: bool) -> None:
        self._breaker = breaker
        self._closed = False
        self.generation = generation
        self.is_probe = is_probe

    def success(self) -> None:
        """The provider answered."""
        self._close(True)

    def failure(self) -> None:
        """The provider failed in a way that speaks against its health."""
        self._close(False)

    def ignore(self) -> None:
        """The call says nothing about the provider: cancelled, refused, rate limited."""
        self._close(None)

    def _close(self, outcome: bool | None) -> None:
        if not self._closed:
            self._closed = True
            self._breaker.settle(self, outcome)


class CircuitBreaker:
    """Counts consecutive failures of one target. Not thread-safe: it belongs to one event loop."""

    __slots__ = (
        "_changed_at", "_clock", "_failed_at", "_failures", "_generation", "_probe", "_probe_until", "_state",
        "_successes", "policy",
    )  # fmt: skip

    def __init__(self, policy: BreakerPolicy, clock: Clock) -> None:
        self.policy = policy
        self._clock = clock
        self._state: BreakerPhase = "CLOSED"
        self._generation = 0
        self._failures = 0
        self._successes = 0
        self._failed_at: float | None = None
        self._changed_at = clock.now()
        self._probe: Permit | None = None
        self._probe_until = 0.0

    def acquire(self) -> Permit:
        """Return leave to call. Raises :class:`CircuitBreakerOpenError` with the remaining wait."""
        if self._state == "CLOSED":
            return Permit(self, self._generation, is_probe=False)
        wait = self.wait_ms()
        if wait > 0:
            raise CircuitBreakerOpenError(wait)
        if self._state == "OPEN":
            self._enter("HALF_OPEN")
        self._probe = Permit(self, self._generation, is_probe=True)
        self._probe_until = self._clock.now() + self.policy.probe_lease
        return self._probe

    async def execute(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what ``call`` returns. Foreign errors and those that speak against the provider's health are counted.

        Raises :class:`CircuitBreakerOpenError` without calling while the breaker is open.
        """
        permit = self.acquire()
        try:
            result = await call()
        except LLMError as error:
            counts = isinstance(error, ProviderError) and error.counts
            (permit.failure if counts else permit.ignore)()
            raise
        except Exception:
            permit.failure()
            raise
        except BaseException:
            permit.ignore()
            raise
        permit.success()
        return result

    def settle(self, permit: Permit, outcome: bool | None) -> None:
        """Take the outcome of ``permit``; outcomes of an earlier state change nothing."""
        if permit.generation != self._generation:
            return
        if permit is self._probe:
            self._probe = None
        if outcome is True:
            self._on_success()
        elif outcome is False:
            self._on_failure()

    def wait_ms(self) -> int:
        """Return the milliseconds until a call may be tried; 0 when one may be tried now."""
        now = self._clock.now()
        if self._state == "OPEN":
            rest = self._changed_at + self.policy.cooldown - now
        elif self._state == "HALF_OPEN" and self._probe is not None:
            rest = self._probe_until - now
        else:
            return 0
        return max(0, int(rest * 1000 + 0.999))

    def get_state(self) -> BreakerState:
        """Return a picture of the breaker."""
        return BreakerState(
            state=self._state,
            failure_count=self._failures,
            success_count=self._successes,
            last_failure_time=self._failed_at,
            last_state_change=self._changed_at,
            cooldown_remaining=self.wait_ms() if self._state == "OPEN" else 0,
        )

    def is_open(self) -> bool:
        """Say whether calls are refused."""
        return self._state == "OPEN" and self.wait_ms() > 0

    def reset(self) -> None:
        """Close the breaker and forget its counts; outcomes of calls under way are ignored."""
        self._enter("CLOSED")

    def _on_success(self) -> None:
        self._failures = 0
        if self._state == "HALF_OPEN":
            self._successes += 1
            if self._successes >= self.policy.success_threshold:
                self._enter("CLOSED")

    def _on_failure(self) -> None:
        self._failed_at = self._clock.now()
        self._failures += 1
        if self._state == "HALF_OPEN" or self._failures >= self.policy.failure_threshold:
            self._enter("OPEN", failures=self._failures)

    def _enter(self, state: BreakerPhase, *, failures: int = 0) -> None:
        self._state = state
        self._generation += 1
        self._failures = failures
        self._successes = 0
        self._probe = None
        self._changed_at = self._clock.now()


class BreakerSet:
    """One breaker for each target, made when first asked for."""

    __slots__ = ("_breakers", "_clock", "_policy")

    def __init__(self, policy: BreakerPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._breakers: dict[str, CircuitBreaker] = {}

    def of(self, target: str) -> CircuitBreaker:
        """Return the breaker of ``target``."""
        breaker = self._breakers.get(target)
        if breaker is None:
            breaker = self._breakers[target] = CircuitBreaker(self._policy, self._clock)
        return breaker

    def states(self) -> dict[str, BreakerState]:
        """Return every breaker's state by target."""
        return {target: breaker.get_state() for target, breaker in self._breakers.items()}

"""The circuit breaker: CLOSED lets calls through, OPEN refuses them, HALF_OPEN lets one probe through at a time."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from router_core.clock import Clock, new_ulid
from router_core.errors import CircuitBreakerOpenError, LLMError, ProviderError
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.window_rules import window_rules
from router_core.types import BreakerCause, BreakerPhase, BreakerState, BreakerTransition, Force

__all__ = ["BreakerPolicy", "CircuitBreaker", "Permit", "TransitionListener"]

T = TypeVar("T")
TransitionListener = Callable[[BreakerTransition], None]

_OPENED_BY_CALLS = frozenset({"failures_in_a_row", "failure_rate", "slow_calls", "probe_failed"})


class Permit:
    """Leave to make one call; closed exactly once with success, failure or ignore. Later closes do nothing."""

    __slots__ = ("_breaker", "_closed", "generation", "is_probe")

    def __init__(self, breaker: "CircuitBreaker", generation: int, *, is_probe: bool) -> None:
        self._breaker = breaker
        self._closed = False
        self.generation = generation
        self.is_probe = is_probe

    def success(self, seconds: float = 0.0) -> None:
        """The provider answered after ``seconds``."""
        self._close(True, seconds)

    def failure(self) -> None:
        """The provider failed in a way that speaks against its health."""
        self._close(False)

    def ignore(self) -> None:
        """The call says nothing about the provider: cancelled, refused, rate limited."""
        self._close(None)

    def _close(self, outcome: bool | None, seconds: float = 0.0) -> None:
        if not self._closed:
            self._closed = True
            self._breaker.settle(self, outcome, seconds)


class CircuitBreaker:
    """Judges one target by the calls that were made to it. Not thread-safe: it belongs to one event loop.

    ``name`` and ``node`` mark its transitions, which go to ``on_change`` as they happen. Cool-downs are measured on
    the monotonic clock; UTC only marks when something happened, and when an operator's force ends.
    """

    __slots__ = (
        "_changed_at", "_changed_utc", "_clock", "_cooldown", "_failed_at", "_failures", "_force", "_force_end",
        "_from_hearsay", "_generation", "_listener", "_name", "_node", "_probe", "_probe_until", "_rules", "_state",
        "_successes", "policy",
    )  # fmt: skip

    def __init__(
        self,
        policy: BreakerPolicy,
        clock: Clock,
        *,
        name: str = "",
        node: str = "",
        on_change: TransitionListener | None = None,
    ) -> None:
        self.policy = policy
        self._clock = clock
        self._name = name
        self._node = node
        self._listener = on_change
        self._rules = window_rules(policy)
        self._state: BreakerPhase = "CLOSED"
        self._generation = 0
        self._failures = 0
        self._successes = 0
        self._failed_at: float | None = None
        self._changed_at = clock.now()
        self._changed_utc = clock.utcnow()
        self._cooldown = policy.cooldown
        self._probe: Permit | None = None
        self._probe_until = 0.0
        self._force: Force | None = None
        self._force_end: float | None = None
        self._from_hearsay = False

    # --- calls -----------------------------------------------------------------------------------------------------

    def acquire(self) -> Permit:
        """Return leave to call. Raises :class:`CircuitBreakerOpenError` with the remaining wait."""
        if self._state == "CLOSED" and self._force is None:
            return Permit(self, self._generation, is_probe=False)
        wait = self.wait_ms()
        if wait > 0:
            raise CircuitBreakerOpenError(wait)
        if self._state == "CLOSED":
            return Permit(self, self._generation, is_probe=False)
        if self._state == "OPEN":
            self._enter("HALF_OPEN", "cooldown_over")
        self._probe = Permit(self, self._generation, is_probe=True)
        self._probe_until = self._clock.now() + self.policy.probe_lease
        return self._probe

    async def execute(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what ``call`` returns. Foreign errors and those that speak against the provider's health are counted.

        Raises :class:`CircuitBreakerOpenError` without calling while the breaker is open.
        """
        permit = self.acquire()
        started = self._clock.now()
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
        permit.success(self._clock.now() - started)
        return result

    def settle(self, permit: Permit, outcome: bool | None, seconds: float = 0.0) -> None:
        """Take the outcome of ``permit``; outcomes of an earlier state, or of a probe that was replaced, do nothing."""
        if permit.generation != self._generation or (permit.is_probe and permit is not self._probe):
            return
        if permit.is_probe:
            self._probe = None
        if outcome is True:
            self._on_success(seconds)
        elif outcome is False:
            self._on_failure()

    # --- looking ---------------------------------------------------------------------------------------------------

    def wait_ms(self) -> int:
        """Return the milliseconds until a call may be tried; 0 when one may be tried now."""
        if self._force is not None:
            self._expire_force()
        now = self._clock.now()
        if self._force is not None:
            # Without an end, as good a time as any to ask again.
            end = self._force_end if self._force_end is not None else now + self.policy.cooldown
            rest = end - now if self._force.phase == "OPEN" else 0.0
        elif self._state == "OPEN":
            rest = self._changed_at + self._cooldown - now
        elif self._state == "HALF_OPEN" and self._probe is not None:
            rest = self._probe_until - now
        else:
            return 0
        return max(0, int(rest * 1000 + 0.999))

    def get_state(self) -> BreakerState:
        """Return a picture of the breaker."""
        wait = self.wait_ms()
        return BreakerState(
            state=self._state,
            failure_count=self._failures,
            success_count=self._successes,
            last_failure_time=self._failed_at,
            last_state_change=self._changed_at,
            cooldown_remaining=wait if self._state == "OPEN" else 0,
            changed_at=self._changed_utc,
            forced=self._force,
        )

    def is_open(self) -> bool:
        """Say whether calls are refused."""
        return self.wait_ms() > 0 and self._state == "OPEN"

    # --- operators and other processes -----------------------------------------------------------------------------

    def reset(self, *, actor: str | None = None, reason: str = "") -> None:
        """Close the breaker, forget its counts and end a force; outcomes of calls under way are ignored."""
        self._release()
        self._enter("CLOSED", "reset", detail=reason, actor=actor)

    def force(self, phase: Literal["CLOSED", "OPEN"], *, actor: str, reason: str, seconds: float | None = None) -> None:
        """Hold the breaker open or closed for ``seconds``, None for until it is reset, whatever calls show."""
        until = None if seconds is None else self._clock.utcnow() + timedelta(seconds=seconds)
        self._hold(Force(phase=phase, reason=reason, actor=actor, until=until), seconds)
        cause: BreakerCause = "forced_open" if phase == "OPEN" else "forced_closed"
        self._enter(phase, cause, detail=reason, actor=actor, until=until)

    def obey(self, heard: BreakerTransition) -> None:
        """Follow what another process saw, without announcing it: operators bind, what its calls showed is advice."""
        listener, self._listener = self._listener, None
        try:
            self._follow(heard)
        finally:
            self._listener = listener

    def _follow(self, heard: BreakerTransition) -> None:
        self._expire_force()
        rest = None if heard.until is None else (heard.until - self._clock.utcnow()).total_seconds()
        if heard.cause in ("forced_open", "forced_closed"):
            if rest is None or rest > 0:
                phase: Literal["CLOSED", "OPEN"] = "OPEN" if heard.cause == "forced_open" else "CLOSED"
                self.force(phase, actor=heard.actor or "", reason=heard.detail, seconds=rest)
        elif heard.cause == "reset":
            self.reset(actor=heard.actor, reason=heard.detail)
        elif self._force is not None:
            return
        elif heard.cause in _OPENED_BY_CALLS and self._state == "CLOSED" and rest is not None and rest > 0:
            self._enter("OPEN", heard.cause, detail=heard.detail)
            self._cooldown = min(rest, self.policy.cooldown)
            self._from_hearsay = True
        elif heard.cause == "probes_succeeded" and self._state == "OPEN" and self._from_hearsay:
            self._enter("CLOSED", "probes_succeeded")

    # --- inside ----------------------------------------------------------------------------------------------------

    def _on_success(self, seconds: float) -> None:
        self._failures = 0
        if self._state == "HALF_OPEN":
            self._successes += 1
            if self._successes >= self.policy.success_threshold:
                self._enter("CLOSED", "probes_succeeded", detail=f"{self._successes} probes answered")
        elif self._rules is not None:
            self._judge(failed=False, seconds=seconds)

    def _on_failure(self) -> None:
        self._failed_at = self._clock.now()
        self._failures += 1
        failures = self._failures
        if self._force is not None:
            return
        if self._state == "HALF_OPEN":
            self._enter("OPEN", "probe_failed", failures=failures)
        elif failures >= self.policy.failure_threshold:
            self._enter("OPEN", "failures_in_a_row", failures=failures, detail=f"{failures} failures in a row")
        elif self._rules is not None:
            self._judge(failed=True, seconds=0.0)

    def _judge(self, *, failed: bool, seconds: float) -> None:
        if self._rules is None or self._force is not None:
            return
        broken = self._rules.note(self._clock.now(), failed=failed, seconds=seconds)
        if broken is not None:
            self._enter("OPEN", broken[0], failures=self._failures, detail=broken[1])

    def _hold(self, force: Force, seconds: float | None) -> None:
        self._force = force
        self._force_end = None if seconds is None else self._clock.now() + seconds

    def _release(self) -> None:
        self._force = None
        self._force_end = None

    def _expire_force(self) -> None:
        """End a force whose time is over: what was forced open is probed, what was forced closed goes on closed."""
        if self._force is None or self._force_end is None or self._clock.now() < self._force_end:
            return
        after: BreakerPhase = "HALF_OPEN" if self._force.phase == "OPEN" else "CLOSED"
        self._release()
        self._enter(after, "force_ended")

    def _enter(
        self,
        state: BreakerPhase,
        cause: BreakerCause,
        *,
        failures: int = 0,
        detail: str = "",
        actor: str | None = None,
        until: datetime | None = None,
    ) -> None:
        before, self._state = self._state, state
        self._generation += 1
        self._failures = failures
        self._successes = 0
        self._probe = None
        self._from_hearsay = False
        self._cooldown = self.policy.cooldown
        self._changed_at = self._clock.now()
        self._changed_utc = self._clock.utcnow()
        if self._rules is not None:
            self._rules.clear()
        if self._listener is not None:
            if state == "OPEN" and self._force is None:
                until = self._changed_utc + timedelta(seconds=self._cooldown)
            self._listener(self._transition(before, cause, detail, actor, until))

    def _transition(
        self, before: BreakerPhase, cause: BreakerCause, detail: str, actor: str | None, until: datetime | None
    ) -> BreakerTransition:
        return BreakerTransition(
            id=new_ulid(self._clock),
            at=self._changed_utc,
            node=self._node,
            upstream=self._name,
            before=before,
            after=self._state,
            cause=cause,
            detail=detail,
            actor=actor,
            until=until,
        )

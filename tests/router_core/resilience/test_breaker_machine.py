"""The circuit breaker against a small independent model, in virtual time."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from router_core.errors import CircuitBreakerOpenError
from router_core.resilience.circuit_breaker import BreakerPolicy, CircuitBreaker, Permit
from tests.support.fake_clock import FakeClock

OPEN_AFTER, COOLDOWN, CLOSE_AFTER, LEASE = 5, 60, 2, 65


@dataclass
class Model:
    """What the breaker promises, in whole seconds."""

    state: str = "CLOSED"
    era: int = 0
    failures: int = 0
    successes: int = 0
    reopen_at: int = 0
    probe: int | None = None
    lease_end: int = 0
    tickets: dict[int, int] = field(default_factory=dict)

    def enter(self, state: str, now: int) -> None:
        self.state, self.era, self.probe = state, self.era + 1, None
        self.failures = self.successes = 0
        self.reopen_at = now + COOLDOWN if state == "OPEN" else 0

    def admits(self, now: int) -> bool:
        if self.state == "OPEN":
            return now >= self.reopen_at
        return self.state == "CLOSED" or self.probe is None or now >= self.lease_end

    def admit(self, now: int) -> int:
        if self.state == "OPEN":
            self.enter("HALF_OPEN", now)
        number = len(self.tickets)
        self.tickets[number] = self.era
        if self.state == "HALF_OPEN":
            self.probe, self.lease_end = number, now + LEASE
        return number

    def close(self, number: int, verdict: str, now: int) -> None:
        if self.tickets[number] != self.era or (self.state == "HALF_OPEN" and number != self.probe):
            return
        self.probe = None
        if verdict == "success":
            self.failures = 0
            self.successes += 1
            if self.state == "HALF_OPEN" and self.successes == CLOSE_AFTER:
                self.enter("CLOSED", now)
        if verdict == "failure":
            self.failures += 1
            if self.state == "HALF_OPEN" or self.failures == OPEN_AFTER:
                self.enter("OPEN", now)


class BreakerMachine(RuleBasedStateMachine):
    """Random calls, outcomes and waits; the breaker and the model must agree after each step."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = CircuitBreaker(BreakerPolicy(), self.clock)
        self.model = Model()
        self.seconds = 0

    @rule(target=permits)
    def call(self) -> tuple[Permit | None, int]:
        return self._call()

    def _call(self) -> tuple[Permit | None, int]:
        admitted = self.model.admits(self.seconds)
        try:
            permit = self.breaker.acquire()
        except CircuitBreakerOpenError as refused:
            assert not admitted, "refused a call that the model admits"
            assert refused.cooldown_remaining > 0  # noqa: PT017 - one step of a machine, not a test
            return None, -1
        assert admitted, "admitted a call that the model refuses"
        return permit, self.model.admit(self.seconds)

    @rule(permit=consumes(permits), verdict=st.sampled_from(("success", "failure", "failure", "failure", "ignore")))
    def outcome(self, permit: tuple[Permit | None, int], verdict: str) -> None:
        self._close(permit, verdict)

    @rule(permit=permits, verdict=st.sampled_from(("success", "failure", "ignore")))
    def outcome_twice(self, permit: tuple[Permit | None, int], verdict: str) -> None:
        self._close(permit, verdict)
        if permit[0] is not None:
            permit[0].failure()
            permit[0].success()
            self.model.tickets[permit[1]] = -1

    @rule(seconds=st.sampled_from((1, 30, 59, 60, 64, 65)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.seconds += seconds

    @rule(count=st.integers(1, OPEN_AFTER))
    def outage(self, count: int) -> None:
        for _ in range(count):
            self._close(self._call(), "failure")

    @rule()
    def operator_resets(self) -> None:
        self.breaker.reset()
        self.model.enter("CLOSED", self.seconds)

    def _close(self, permit: tuple[Permit | None, int], verdict: str) -> None:
        held, number = permit
        if held is None:
            return
        {"success": held.success, "failure": held.failure, "ignore": held.ignore}[verdict]()
        if self.model.tickets[number] != -1:
            self.model.close(number, verdict, self.seconds)
        self.model.tickets[number] = -1

    @invariant()
    def agrees(self) -> None:
        assert self.breaker.get_state().state == self.model.state
        assert (self.breaker.wait_ms() == 0) == self.model.admits(self.seconds)
        if self.model.state == "OPEN":
            assert self.breaker.wait_ms() == max(0, self.model.reopen_at - self.seconds) * 1000

    @invariant()
    def never_wedged(self) -> None:
        assert self.breaker.wait_ms() <= max(COOLDOWN, LEASE) * 1000


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)

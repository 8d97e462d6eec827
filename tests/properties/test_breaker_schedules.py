"""The circuit breaker through tens of thousands of random schedules, step by step beside its model."""

import random
from datetime import timedelta
from typing import Literal

from router_core.errors import CircuitBreakerOpenError
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.circuit_breaker import CircuitBreaker, Permit
from router_core.types import BreakerCause, BreakerTransition
from tests.properties.breaker_model import BreakerModel, Ticket
from tests.properties.seeds import SCHEDULES, for_each_seed
from tests.support.fake_clock import FakeClock

STEPS = 24
PASSING = (0.25, 0.5, 1.0, 2.0, 4.0, 6.0)


class Pair:
    """A breaker and its model, driven together."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.clock = FakeClock()
        self.policy = _policy(rng)
        self.listening, self.hearing, self.state = rng.random() < 0.1, False, "CLOSED"
        self.told: list[BreakerTransition] = []
        self.breaker = CircuitBreaker(self.policy, self.clock, on_change=self.told.append if self.listening else None)
        self.model = BreakerModel(self.policy)
        self.open: list[tuple[Permit, Ticket]] = []
        self.closed: list[tuple[Permit, Ticket]] = []

    def step(self) -> None:
        chance = self.rng.random()
        self.hearing = 0.96 <= chance < 0.98
        if chance < 0.40:
            self.call()
        elif chance < 0.78:
            self.close(self.open or self.closed)
        elif chance < 0.92:
            self.clock.advance(self.rng.choice(PASSING))
        elif chance < 0.96:
            self.operate()
        elif chance < 0.98:
            self.hear()
        else:
            self.close(self.closed)
        self.compare()

    def call(self) -> None:
        ticket = self.model.admit(self.clock.now())
        try:
            permit = self.breaker.acquire()
        except CircuitBreakerOpenError as refused:
            assert ticket is None, "refused a call that the model admits"
            assert refused.cooldown_remaining > 0, "a refusal without a wait"  # noqa: PT017 - either way is judged
            return
        assert ticket is not None, "admitted a call that the model refuses"
        assert permit.is_probe == bool(ticket.probe), "a probe is not taken for one"
        if permit.is_probe:
            self._check_alone(ticket)
        self.open.append((permit, ticket))

    def _check_alone(self, probe: Ticket) -> None:
        """A probe is let through only while no other one is under way, or only ones that overstayed their lease."""
        now = self.clock.now()
        others = [each for _, each in self.open if each.probe and each.era == probe.era]
        assert all(now >= each.at + self.policy.probe_lease for each in others), "two probes at once"

    def close(self, among: list[tuple[Permit, Ticket]]) -> None:
        if not among:
            return
        permit, ticket = among.pop(self.rng.randrange(len(among)))
        verdict = self.rng.choice(("success", "success", "failure", "failure", "failure", "ignore"))
        seconds = self.rng.choice((0.1, 0.1, 3.0))
        self.model.close(ticket, verdict, seconds, self.clock.now())
        if verdict == "success":
            permit.success(seconds)
        elif verdict == "failure":
            permit.failure()
        else:
            permit.ignore()
        self.closed.append((permit, ticket))

    def operate(self) -> None:
        now = self.clock.now()
        if self.rng.random() < 0.4:
            self.breaker.reset(actor="ada", reason="looked at it")
            self.model.reset(now)
            return
        phase: Literal["OPEN", "CLOSED"] = self.rng.choice(("OPEN", "CLOSED"))
        seconds = self.rng.choice((None, 1.0, 3.0, 8.0))
        self.breaker.force(phase, actor="ada", reason="maintenance", seconds=seconds)
        self.model.hold(phase, seconds, now)

    def hear(self) -> None:
        now = self.clock.now()
        kind = self.rng.choice(("opened", "opened", "closed", "reset", "forced"))
        if kind == "opened":
            late = self.rng.choice((-1.0, 0.5, 2.0, 90.0))
            self.breaker.obey(self._news("failures_in_a_row", late))
            self.model.hear_open(late, now)
        elif kind == "closed":
            self.breaker.obey(self._news("probes_succeeded", None))
            self.model.hear_closed(now)
        elif kind == "reset":
            self.breaker.obey(self._news("reset", None))
            self.model.reset(now)
        else:
            rest = self.rng.choice((None, -1.0, 2.0))
            self.breaker.obey(self._news("forced_open", rest))
            self.model.look(now)
            if rest is None or rest > 0:
                self.model.hold("OPEN", rest, now)

    def _news(self, cause: BreakerCause, rest: float | None) -> BreakerTransition:
        at = self.clock.utcnow()
        until = None if rest is None else at + timedelta(seconds=rest)
        return BreakerTransition(
            id="", at=at, node="other", upstream="", before="CLOSED", after="OPEN", cause=cause, until=until
        )

    def compare(self) -> None:
        now = self.clock.now()
        wait = self.model.wait(now)
        seen, model = self.breaker.get_state(), self.model
        assert (seen.state, seen.failure_count, seen.success_count) == (model.state, model.failures, model.successes)
        assert (None if seen.forced is None else seen.forced.phase) == model.force
        assert self.breaker.wait_ms() == round(wait * 1000), f"waits {self.breaker.wait_ms()} ms, not {wait} s"
        assert self.breaker.is_open() == (wait > 0 and model.state == "OPEN")
        assert wait <= max(self.policy.cooldown, self.policy.probe_lease, 8.0), "wedged"
        self._check_story(seen.state)

    def _check_story(self, state: str) -> None:
        """What was announced leads from the state before to the state now; what was only heard is not announced."""
        for each in self.told:
            assert each.before == self.state, "an announcement does not begin where the last one ended"
            self.state = each.after
        assert not self.listening or self.hearing or self.state == state, "a change of state was not announced"
        assert not (self.hearing and self.told), "hearsay was passed on"
        self.told.clear()
        self.state = state


def _policy(rng: random.Random) -> BreakerPolicy:
    windowed = rng.random() < 0.4
    return BreakerPolicy(
        failure_threshold=rng.choice((1, 2, 3, 5)) if not windowed else rng.choice((3, 50)),
        cooldown=rng.choice((1.0, 4.0)),
        success_threshold=rng.choice((1, 2, 3)),
        probe_lease=rng.choice((1.0, 5.0)),
        failure_rate=rng.choice((0.5, 0.75)) if windowed else None,
        slow_call=rng.choice((None, 2.0)) if windowed else None,
        slow_rate=rng.choice((0.5, 0.8)),
        window=rng.choice((5.0, 20.0)),
        minimum_calls=rng.choice((2, 4)),
    )


def one_schedule(rng: random.Random) -> None:
    pair = Pair(rng)
    for _ in range(STEPS):
        pair.step()


def test_breaker_does_what_its_model_says():
    for_each_seed(SCHEDULES["breaker"], one_schedule)

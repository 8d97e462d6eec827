"""Operators' forces, the optional rules over a window, and what other processes say."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from router_core.errors import CircuitBreakerOpenError
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.circuit_breaker import CircuitBreaker
from router_core.types import BreakerTransition
from tests.support.fake_clock import FakeClock


class Desk:
    """A breaker in virtual time with everything it announced."""

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        self.clock = FakeClock()
        self.told: list[BreakerTransition] = []
        self.breaker = CircuitBreaker(
            policy or BreakerPolicy(), self.clock, name="u", node="here", on_change=self.told.append
        )

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.acquire().failure()

    def succeed(self, times: int = 1, *, seconds: float = 0.1) -> None:
        for _ in range(times):
            self.breaker.acquire().success(seconds)

    @property
    def state(self) -> str:
        return self.breaker.get_state().state

    @property
    def causes(self) -> list[str]:
        return [each.cause for each in self.told]


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- history -------------------------------------------------------------------------------------------------------


def test_every_change_is_announced_with_its_cause_and_its_end(desk: Desk) -> None:
    desk.fail(5)
    desk.clock.advance(60)
    desk.fail()
    desk.clock.advance(60)
    desk.succeed(2)
    assert desk.causes == [
        "failures_in_a_row", "cooldown_over", "probe_failed", "cooldown_over", "probes_succeeded",
    ]  # fmt: skip
    first = desk.told[0]
    assert (first.upstream, first.node, first.before, first.after) == ("u", "here", "CLOSED", "OPEN")
    assert first.detail == "5 failures in a row"
    assert first.until == first.at + timedelta(seconds=60)
    assert len({each.id for each in desk.told}) == 5


# --- forces --------------------------------------------------------------------------------------------------------


def test_a_breaker_forced_open_refuses_until_its_time_is_over_and_is_probed_then(desk: Desk) -> None:
    desk.breaker.force("OPEN", actor="ada", reason="maintenance", seconds=900)
    with pytest.raises(CircuitBreakerOpenError) as caught:
        desk.breaker.acquire()
    assert caught.value.cooldown_remaining == 900_000
    desk.clock.advance(899)
    with pytest.raises(CircuitBreakerOpenError):
        desk.breaker.acquire()
    desk.clock.advance(1)
    desk.succeed()
    assert desk.state == "HALF_OPEN"
    desk.succeed()
    assert desk.state == "CLOSED"
    assert desk.causes == ["forced_open", "force_ended", "probes_succeeded"]
    assert (desk.told[0].actor, desk.told[0].detail) == ("ada", "maintenance")


def test_a_breaker_forced_open_without_end_stays_open_until_it_is_reset(desk: Desk) -> None:
    desk.breaker.force("OPEN", actor="ada", reason="bad answers")
    desk.clock.advance(86_400 * 30)
    assert desk.breaker.is_open()
    force = desk.breaker.get_state().forced
    assert force is not None
    assert (force.actor, force.reason, force.until) == ("ada", "bad answers", None)
    desk.breaker.reset(actor="ada")
    assert desk.state == "CLOSED"
    assert desk.breaker.get_state().forced is None


def test_a_breaker_forced_closed_lets_everything_through_and_counts_on(desk: Desk) -> None:
    desk.breaker.force("CLOSED", actor="ada", reason="known flake", seconds=60)
    desk.fail(20)
    assert desk.state == "CLOSED"
    assert desk.breaker.get_state().failure_count == 20
    desk.clock.advance(60)
    assert desk.breaker.get_state().failure_count == 0
    desk.fail(5)
    assert desk.state == "OPEN"


def test_calls_begun_before_a_force_decide_nothing_after_it(desk: Desk) -> None:
    before = [desk.breaker.acquire() for _ in range(5)]
    desk.breaker.force("CLOSED", actor="ada", reason="x", seconds=1)
    desk.clock.advance(1)
    for permit in before:
        permit.failure()
    assert desk.state == "CLOSED"
    assert desk.breaker.get_state().failure_count == 0


def test_a_probe_that_was_replaced_after_its_lease_decides_nothing() -> None:
    desk = Desk(BreakerPolicy(probe_lease=10))
    desk.fail(5)
    desk.clock.advance(60)
    lost = desk.breaker.acquire()
    desk.clock.advance(10)
    desk.breaker.acquire()
    lost.failure()
    assert desk.state == "HALF_OPEN"


# --- rules over a window -------------------------------------------------------------------------------------------


def test_a_failure_rate_opens_a_breaker_that_never_sees_five_failures_in_a_row() -> None:
    desk = Desk(BreakerPolicy(failure_rate=0.5, minimum_calls=20))
    for _ in range(9):
        desk.succeed()
        desk.fail()
    desk.succeed()
    assert desk.state == "CLOSED"
    desk.fail()
    assert desk.state == "OPEN"
    assert desk.told[0].cause == "failure_rate"
    assert desk.told[0].detail == "10 of 20 calls within 60 s failed"


def test_slow_calls_open_a_breaker_where_the_rule_is_on() -> None:
    desk = Desk(BreakerPolicy(slow_call=5.0, slow_rate=0.8, minimum_calls=10))
    desk.succeed(2)
    desk.succeed(7, seconds=5.0)
    assert desk.state == "CLOSED"
    desk.succeed(1, seconds=9.0)
    assert (desk.state, desk.told[0].cause) == ("OPEN", "slow_calls")


def test_calls_older_than_the_window_do_not_count() -> None:
    desk = Desk(BreakerPolicy(failure_rate=0.5, minimum_calls=4, window=60))
    for _ in range(2):
        desk.fail()
    desk.clock.advance(61)
    desk.succeed(1)
    desk.fail(1)
    assert desk.state == "CLOSED"


def test_without_rules_a_flapping_provider_stays_closed(desk: Desk) -> None:
    for _ in range(200):
        desk.fail(4)
        desk.succeed()
    assert desk.state == "CLOSED"


# --- what other processes say --------------------------------------------------------------------------------------


def heard_from(other: Desk) -> BreakerTransition:
    return replace(other.told[-1], node="there")


def test_another_processes_open_breaker_opens_this_one_until_the_same_moment_unannounced(desk: Desk) -> None:
    other = Desk()
    other.fail(5)
    desk.clock.advance(20)
    desk.breaker.obey(heard_from(other))
    assert desk.state == "OPEN"
    assert desk.breaker.wait_ms() == 40_000
    assert desk.told == []
    desk.clock.advance(40)
    desk.succeed(2)
    assert desk.causes == ["cooldown_over", "probes_succeeded"]


def test_hearsay_that_is_over_or_absurd_changes_little(desk: Desk) -> None:
    other = Desk()
    other.fail(5)
    late = heard_from(other)
    desk.clock.advance(60)
    desk.breaker.obey(late)
    assert desk.state == "CLOSED"
    desk.breaker.obey(replace(late, until=late.at + timedelta(days=9)))
    assert desk.breaker.wait_ms() == 60_000


def test_another_processes_recovery_closes_only_what_hearsay_opened(desk: Desk) -> None:
    other = Desk()
    other.fail(5)
    opened = heard_from(other)
    other.clock.advance(60)
    other.succeed(2)
    recovered = heard_from(other)
    desk.breaker.obey(opened)
    desk.breaker.obey(recovered)
    assert desk.state == "CLOSED"
    desk.fail(5)
    desk.breaker.obey(recovered)
    assert desk.state == "OPEN"


def test_operators_bind_everywhere(desk: Desk) -> None:
    other = Desk()
    other.breaker.force("OPEN", actor="ada", reason="x", seconds=600)
    desk.clock.advance(100)
    desk.breaker.obey(heard_from(other))
    assert desk.breaker.wait_ms() == 500_000
    other.breaker.reset(actor="ada")
    desk.breaker.obey(heard_from(other))
    assert (desk.state, desk.breaker.get_state().forced, desk.told) == ("CLOSED", None, [])


def test_a_force_outranks_hearsay(desk: Desk) -> None:
    other = Desk()
    other.fail(5)
    desk.breaker.force("CLOSED", actor="ada", reason="x")
    desk.breaker.obey(heard_from(other))
    assert desk.state == "CLOSED"


def test_a_force_whose_time_is_over_outranks_nothing(desk: Desk) -> None:
    other = Desk()
    other.fail(5)
    desk.breaker.force("CLOSED", actor="ada", reason="x", seconds=10)
    desk.clock.advance(10)
    desk.breaker.obey(heard_from(other))
    assert desk.state == "OPEN"

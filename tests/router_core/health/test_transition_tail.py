"""The newest transitions: each once, in order of time, whoever tells of them and when."""

from datetime import timedelta

from router_core.health.transition_tail import TransitionTail
from router_core.types import BreakerPhase, BreakerTransition
from tests.support.fake_clock import START


def transition(number: int, upstream: str = "u", after: BreakerPhase = "OPEN") -> BreakerTransition:
    return BreakerTransition(
        id=f"{number:026d}",
        at=START + timedelta(seconds=number),
        node="n",
        upstream=upstream,
        before="CLOSED",
        after=after,
        cause="failures_in_a_row",
    )


def ids(tail: TransitionTail) -> list[int]:
    return [int(each.id) for each in tail.recent()]


def test_the_newest_come_first_and_each_is_kept_once() -> None:
    tail = TransitionTail()
    tail.extend([transition(2), transition(1)])
    tail.add(transition(3))
    tail.add(transition(2))
    assert ids(tail) == [3, 2, 1]


def test_no_more_than_the_capacity_is_kept() -> None:
    tail = TransitionTail(capacity=3)
    for number in range(10):
        tail.add(transition(number))
    assert ids(tail) == [9, 8, 7]


def test_the_newest_of_an_upstream_is_that_in_time_not_in_order_of_news() -> None:
    tail = TransitionTail()
    tail.extend([transition(5, after="CLOSED"), transition(4), transition(9, "other")])
    newest = tail.newest("u")
    assert newest is not None
    assert newest.after == "CLOSED"
    assert tail.newest("unknown") is None


def test_what_was_dropped_is_no_ones_newest() -> None:
    tail = TransitionTail(capacity=2)
    tail.add(transition(1, "old"))
    tail.extend([transition(2), transition(3)])
    assert tail.newest("old") is None

"""Finding providers stays cheap however many there are: a short run of the benchmark of selection."""

from benchmarks.core_path import timed
from benchmarks.selection import MARK_US, look_ups, rows
from router_core.types import Snapshot

MANY = 10_000


def test_a_look_up_among_ten_thousand_providers_takes_three_microseconds_at_most() -> None:
    snapshot = Snapshot(rows(MANY))
    assert len(snapshot.providers) == MANY
    slow = {name: micros for name, call in look_ups(snapshot, MANY) if (micros := timed(call, 200)) > MARK_US}
    assert slow == {}

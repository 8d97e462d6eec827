"""Whether a caller may do something is found out at once: a short run of the benchmark."""

from benchmarks.permissions import BAR_US, measure


def test_a_check_of_a_permission_takes_three_microseconds_at_most() -> None:
    found = dict(measure(times=5_000))
    assert len(found) == 6
    assert {name: cost for name, cost in found.items() if cost > BAR_US} == {}

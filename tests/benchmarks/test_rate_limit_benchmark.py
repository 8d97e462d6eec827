"""Limits cost next to nothing: a short run of their benchmark."""

from benchmarks.rate_limits import measure_check


def test_a_check_takes_three_microseconds_and_a_million_accounts_250_megabytes_at_most() -> None:
    found = measure_check(times=2_000)
    assert len(found) == 3
    assert {name: value for name, value, bar in found if value > bar} == {}

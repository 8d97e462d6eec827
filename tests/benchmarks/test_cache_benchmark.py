"""Caches cost next to nothing: a short run of their benchmark."""

import asyncio

from benchmarks.caches import measure


def test_memory_and_the_view_of_the_configuration_take_three_microseconds_at_most() -> None:
    costs = asyncio.run(measure(times=1_000))
    marked = [each for each in costs if each.mark is not None]
    assert len(marked) == 3
    assert {each.name: each.micros for each in marked if each.micros > (each.mark or 0)} == {}

"""Resilience stays cheap: a short run of its benchmark, with room for a noisy machine."""

from benchmarks.resilience import measure

ROOM = 3.0


async def test_resilience_costs_microseconds():
    costs = await measure(times=2_000)
    bounded = [each for each in costs if each.limit is not None]
    assert len(bounded) >= 4
    dear = {each.name: round(each.micros, 2) for each in bounded if each.micros > ROOM * (each.limit or 0)}
    assert not dear, f"microseconds: {dear}"


async def test_nothing_is_measured_as_free():
    """A wrong baseline would show resilience as free: with all of it on, a request costs more than without."""
    layer = next(each for each in await measure(times=2_000) if each.name == "whole layer, a request")
    assert layer.whole is not None
    assert layer.bare is not None
    assert 0 < layer.bare < layer.whole

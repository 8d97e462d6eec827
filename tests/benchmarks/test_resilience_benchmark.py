"""Resilience stays cheap: a short run of its benchmark, with room for a noisy machine."""

import asyncio
from collections.abc import Sequence

import pytest

from benchmarks.resilience import Cost, measure

ROOM = 3.0


@pytest.fixture(scope="module")
def costs() -> Sequence[Cost]:
    """One run for all."""
    return asyncio.run(measure(times=500))


def test_resilience_costs_microseconds(costs: Sequence[Cost]) -> None:
    bounded = [each for each in costs if each.limit is not None]
    assert len(bounded) >= 4
    dear = {each.name: round(each.micros, 2) for each in bounded if each.micros > ROOM * (each.limit or 0)}
    assert not dear, f"microseconds: {dear}"


def test_nothing_is_measured_as_free(costs: Sequence[Cost]) -> None:
    """A wrong baseline would show resilience as free: with all of it on, a request costs more than without."""
    layer = next(each for each in costs if each.name == "whole layer, a request")
    assert layer.whole is not None
    assert layer.bare is not None
    assert 0 < layer.bare < layer.whole

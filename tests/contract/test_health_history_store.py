"""The health history's contract."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from router_core.errors import ValidationError
from router_core.ports import HealthSlot
from tests.support.store_kinds import NOW, Stores

START = NOW.replace(minute=0, second=0, microsecond=0)
HALF_HOUR = timedelta(minutes=30)


def slot(provider: str = "openai-gpt4o", start: datetime = START, good: int = 1, bad: int = 0) -> HealthSlot:
    return HealthSlot(provider=provider, start=start, good=good, bad=bad)


async def test_signs_add_up_in_their_slot_within_one_call_and_over_several(stores: Stores) -> None:
    await stores.health_history.add([slot(good=2, bad=1), slot(good=3)])
    await stores.health_history.add([slot(good=10, bad=20), slot("other", good=0)])
    assert list(await stores.health_history.since(START)) == [slot(good=15, bad=21), slot("other", good=0)]


async def test_slots_are_read_since_a_moment_oldest_first(stores: Stores) -> None:
    await stores.health_history.add([slot("b", START + HALF_HOUR), slot("c"), slot("a"), slot("a", START - HALF_HOUR)])
    found = await stores.health_history.since(START)
    assert [(row.provider, row.start) for row in found] == [("a", START), ("c", START), ("b", START + HALF_HOUR)]


async def test_one_moment_in_two_zones_is_one_slot(stores: Stores) -> None:
    there = datetime.fromisoformat("2026-03-29T03:30:00+02:00")
    await stores.health_history.add(
        [slot(start=there), slot(start=datetime.fromisoformat("2026-03-29T01:30:00+00:00"))]
    )
    [found] = await stores.health_history.since(START)
    assert found.good == 2
    assert found.start.isoformat() == "2026-03-29T01:30:00+00:00"


async def test_nothing_adds_nothing(stores: Stores) -> None:
    await stores.health_history.add([])
    assert list(await stores.health_history.since(START)) == []


@pytest.mark.parametrize("changes", [{"good": -1}, {"bad": -1}, {"provider": ""}])
async def test_a_wrong_slot_is_refused_with_all_that_came_along(stores: Stores, changes: dict[str, Any]) -> None:
    await stores.health_history.add([slot(good=5, bad=5)])
    with pytest.raises(ValidationError) as caught:
        await stores.health_history.add([slot("another"), slot(**changes)])
    assert caught.value.field == next(iter(changes))
    assert list(await stores.health_history.since(START)) == [slot(good=5, bad=5)]


async def test_of_many_additions_at_once_none_is_lost(stores: Stores) -> None:
    names = ["a", "b", "c"]
    orders = [names, names[::-1]] * 6
    await asyncio.gather(*(stores.health_history.add([slot(name, bad=2) for name in order]) for order in orders))
    found = await stores.health_history.since(START)
    assert [(row.provider, row.good, row.bad) for row in found] == [(name, 12, 24) for name in names]


async def test_old_slots_go_with_an_addition_at_most_once_an_hour(stores: Stores) -> None:
    await stores.health_history.add([slot("first")])
    ancient, kept = START - timedelta(days=41), START - timedelta(days=39)
    await stores.health_history.add([slot("ancient", ancient), slot("kept", kept)])
    assert len(await stores.health_history.since(ancient)) == 3
    stores.clock.advance(3600)
    await stores.health_history.add([slot("last", START + 2 * HALF_HOUR)])
    assert [row.provider for row in await stores.health_history.since(ancient)] == ["kept", "first", "last"]

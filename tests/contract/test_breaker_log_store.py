"""The breaker log's contract."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from router_core.errors import ValidationError
from router_core.types import BreakerTransition
from tests.support.store_kinds import NOW, Stores, later

DAY = timedelta(days=1)
UP = "openai:abc:gpt-4o"


def opened(id: str, **changes: Any) -> BreakerTransition:
    """Return the opening of a breaker after failures."""
    plain = BreakerTransition(
        id=id, at=NOW, node="n1", upstream=UP, before="CLOSED", after="OPEN", cause="failures_in_a_row",
        detail="5 failures in a row", until=later(60),
    )  # fmt: skip
    return structs.replace(plain, **changes)


def forced(id: str, at: datetime = NOW, **changes: Any) -> BreakerTransition:
    """Return an operator's forced opening, without an end unless told."""
    plain = opened(id, at=at, cause="forced_open", detail="maintenance", actor="ann@example.com", until=None)
    return structs.replace(plain, **changes)


async def ids_after(stores: Stores, position: int, limit: int = 100) -> list[str]:
    found, _ = await stores.breaker_log.after(position, limit)
    return [row.id for row in found]


async def held(stores: Stores) -> list[str]:
    found, _ = await stores.breaker_log.forces()
    return [row.id for row in found]


async def test_what_was_appended_is_read_back_as_it_was_oldest_first(stores: Stores) -> None:
    first, second = opened("b", node="n2"), forced("a", until=later(0.000001))
    await stores.breaker_log.append([first])
    await stores.breaker_log.append([second])
    found, position = await stores.breaker_log.after(0, 10)
    assert list(found) == [first, second]
    assert list((await stores.breaker_log.after(position, 10))[0]) == []


async def test_a_reader_goes_on_page_by_page_and_meets_each_row_once(stores: Stores) -> None:
    await stores.breaker_log.append([opened(f"t{number}") for number in range(7)])
    seen, position = [], 0
    while True:
        page, position = await stores.breaker_log.after(position, 3)
        if not page:
            break
        assert len(page) <= 3
        seen += [row.id for row in page]
    assert seen == [f"t{number}" for number in range(7)]
    assert (await stores.breaker_log.after(position, 3))[1] == position


async def test_an_empty_log_has_nothing_and_keeps_the_readers_position(stores: Stores) -> None:
    assert await stores.breaker_log.after(5, 10) == ([], 5)
    assert await stores.breaker_log.forces() == ([], 0)
    assert list(await stores.breaker_log.recent(NOW, 10)) == []
    await stores.breaker_log.append([])
    assert await ids_after(stores, 0) == []


async def test_a_known_id_is_left_as_it_is_within_a_batch_and_later(stores: Stores) -> None:
    await stores.breaker_log.append([opened("a"), opened("a", detail="other")])
    await stores.breaker_log.append([opened("a", detail="third"), opened("b")])
    found, _ = await stores.breaker_log.after(0, 10)
    assert [(row.id, row.detail) for row in found] == [("a", "5 failures in a row"), ("b", "5 failures in a row")]


async def test_times_of_other_zones_are_the_same_moment_in_utc(stores: Stores) -> None:
    there = datetime.fromisoformat("2026-03-29T03:30:00.000007+02:00")
    await stores.breaker_log.append([opened("a", at=there, until=there)])
    [found] = (await stores.breaker_log.after(0, 1))[0]
    assert found.at.isoformat() == "2026-03-29T01:30:00.000007+00:00"
    assert found.until == found.at


async def test_the_history_is_newest_first_since_a_moment(stores: Stores) -> None:
    await stores.breaker_log.append([opened("c", at=later(2)), opened("a", at=NOW), opened("b", at=later(1))])
    await stores.breaker_log.append([opened("d", at=later(1))])
    assert [row.id for row in await stores.breaker_log.recent(later(1), 10)] == ["c", "d", "b"]
    assert [row.id for row in await stores.breaker_log.recent(NOW, 2)] == ["c", "d"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cause": "bad_luck"}, "cause"),
        ({"before": "AJAR"}, "before"),
        ({"after": "AJAR"}, "after"),
        ({"id": ""}, "id"),
    ],
)
async def test_what_the_types_do_not_know_is_refused_with_its_whole_batch(
    stores: Stores, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.breaker_log.append([opened("good"), opened(**({"id": "bad"} | changes))])
    assert caught.value.field == field
    assert await ids_after(stores, 0) == []


@pytest.mark.parametrize("text", ["nul\x00inside", "lone \ud800 surrogate"])
async def test_text_that_one_database_cannot_hold_is_refused_by_all(stores: Stores, text: str) -> None:
    with pytest.raises(ValidationError, match="text must"):
        await stores.breaker_log.append([forced("a", detail=text)])
    assert await ids_after(stores, 0) == []


# --- forces ----------------------------------------------------------------------------------------------------------


async def test_the_newest_force_of_each_upstream_is_in_force_until_something_ends_it(stores: Stores) -> None:
    await stores.breaker_log.append(
        [
            forced("old"),
            forced("new", later(1), cause="forced_closed", after="CLOSED"),
            forced("other", upstream="anthropic:x:claude"),
            forced("reset-force", upstream="r"),
            forced("reset", later(1), upstream="r", cause="reset", after="CLOSED", detail=""),
            forced("ended-force", upstream="e", until=later(3600)),
            forced("ended", later(1), upstream="e", cause="force_ended", after="HALF_OPEN"),
            opened("noise", at=later(5)),
        ]
    )
    found, position = await stores.breaker_log.forces()
    assert [row.id for row in found] == ["other", "new"]
    assert position == (await stores.breaker_log.after(0, 100))[1]


async def test_a_force_holds_until_its_time_is_up(stores: Stores) -> None:
    await stores.breaker_log.append([forced("short", until=later(10)), forced("long", upstream="l")])
    assert await held(stores) == ["long", "short"]
    stores.clock.advance(10)
    assert await held(stores) == ["long"]


async def test_a_node_that_notes_the_end_of_an_older_force_does_not_end_a_newer_one(stores: Stores) -> None:
    ended = forced("ended", later(10), cause="force_ended", after="HALF_OPEN", actor=None)
    await stores.breaker_log.append([forced("short", until=later(10)), forced("long", later(9)), ended])
    stores.clock.advance(11)
    assert await held(stores) == ["long"]


async def test_what_an_operator_did_last_counts_though_it_was_stored_first(stores: Stores) -> None:
    reset = forced("reset", later(5), cause="reset", after="CLOSED")
    await stores.breaker_log.append([reset, forced("late", later(1))])
    assert await held(stores) == []


async def test_of_two_forces_of_one_moment_one_holds(stores: Stores) -> None:
    await stores.breaker_log.append([forced("b"), forced("a")])
    assert await held(stores) == ["b"]


# --- keeping ---------------------------------------------------------------------------------------------------------


async def test_old_transitions_go_with_an_append_but_never_a_force_that_holds(stores: Stores) -> None:
    await stores.breaker_log.append([opened("first")])
    stores.clock.advance(3600)
    old = NOW - 91 * DAY
    await stores.breaker_log.append(
        [
            opened("ancient", at=old),
            opened("kept", at=NOW - 89 * DAY),
            forced("held", old, upstream="h"),
            forced("over", old, upstream="o", until=old + DAY),
            forced("reset-force", old, upstream="r"),
            forced("reset", old + timedelta(hours=1), upstream="r", cause="reset", after="CLOSED"),
        ]
    )
    assert await ids_after(stores, 0) == ["first", "kept", "held"]
    assert await held(stores) == ["held"]


async def test_old_transitions_are_looked_for_once_an_hour_only(stores: Stores) -> None:
    await stores.breaker_log.append([opened("first")])
    await stores.breaker_log.append([opened("ancient", at=NOW - 91 * DAY)])
    assert await ids_after(stores, 0) == ["first", "ancient"]
    stores.clock.advance(3599)
    await stores.breaker_log.append([opened("second")])
    assert await ids_after(stores, 0) == ["first", "ancient", "second"]
    stores.clock.advance(1)
    await stores.breaker_log.append([opened("third")])
    assert await ids_after(stores, 0) == ["first", "second", "third"]


async def test_a_position_is_never_given_twice(stores: Stores) -> None:
    await stores.breaker_log.append([opened("a")])
    stores.clock.advance(100 * DAY.total_seconds())
    await stores.breaker_log.append([opened("b")])
    _, position = await stores.breaker_log.after(0, 10)
    stores.clock.advance(100 * DAY.total_seconds())
    await stores.breaker_log.append([opened("b2", at=NOW)])
    await stores.breaker_log.append([opened("c", at=later(200 * DAY.total_seconds()))])
    assert await ids_after(stores, position) == ["c"]


async def test_of_many_writers_at_once_each_row_is_met_once_by_a_reader_that_follows(stores: Stores) -> None:
    async def write(writer: int) -> None:
        for number in range(5):
            await stores.breaker_log.append([opened(f"{writer}-{number}")])

    seen: list[str] = []
    writers = asyncio.gather(*(write(writer) for writer in range(4)))
    position = 0
    while not writers.done():
        page, position = await stores.breaker_log.after(position, 100)
        seen += [row.id for row in page]
        await asyncio.wait([writers], timeout=0.001)
    await writers
    seen += await ids_after(stores, position)
    assert sorted(seen) == sorted(f"{writer}-{number}" for writer in range(4) for number in range(5))

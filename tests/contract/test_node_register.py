"""The contract of the register of nodes."""

import asyncio
from datetime import timedelta
from typing import Any

from msgspec import structs

from router_core.ports import NODES_KEPT
from router_core.types import LOST_AFTER, Node
from tests.support.store_kinds import NOW, Stores


def node(id: str = "n1", **changes: Any) -> Node:
    made = Node(
        id=id, name=f"host:8080/{id}", host="host", pid=7, kind="worker", started_at=NOW, seen_at=NOW, revision=3,
        version="0.1.0", python="3.11.7", schema="0010",
    )  # fmt: skip
    return structs.replace(made, **changes)


async def test_what_a_node_tells_of_itself_is_read_back_with_when_it_was_seen(stores: Stores) -> None:
    told = node(
        in_flight=1, streams=2, pending=3, pending_bytes=4, lag_ms=5, set_aside=6, dropped=7, loop_lag_ms=8,
        store_ms=9, draining=True, limits="divided", redis="down", kind="up",
    )  # fmt: skip
    assert await stores.nodes.beat(told) == 1
    (found,), now = await stores.nodes.nodes()
    assert structs.replace(found, seen_at=NOW) == told
    assert timedelta(0) <= now - found.seen_at < LOST_AFTER


async def test_a_later_beat_takes_the_place_of_an_earlier_one(stores: Stores) -> None:
    await stores.nodes.beat(node(revision=3))
    (first,), _ = await stores.nodes.nodes()
    stores.clock.advance(1.0)
    await stores.nodes.beat(node(revision=4))
    (second,), _ = await stores.nodes.nodes()
    assert second.revision == 4
    assert second.seen_at > first.seen_at


async def test_nodes_that_fell_silent_are_not_counted_and_are_there_for_an_hour(stores: Stores) -> None:
    assert await stores.nodes.beat(node("a")) == 1
    assert await stores.nodes.beat(node("b")) == 2
    stores.clock.advance(LOST_AFTER.total_seconds() + 0.5)
    assert await stores.nodes.beat(node("b")) == 1
    assert [each.id for each in (await stores.nodes.nodes())[0]] == ["a", "b"]
    stores.clock.advance(NODES_KEPT.total_seconds())
    assert await stores.nodes.beat(node("b")) == 1
    assert [each.id for each in (await stores.nodes.nodes())[0]] == ["b"]


async def test_a_node_that_leaves_is_forgotten_at_once(stores: Stores) -> None:
    await stores.nodes.beat(node("a"))
    await stores.nodes.beat(node("b"))
    await stores.nodes.leave("a")
    await stores.nodes.leave("unknown")
    assert [each.id for each in (await stores.nodes.nodes())[0]] == ["b"]


async def test_many_beat_at_once(stores: Stores) -> None:
    await asyncio.gather(*(stores.nodes.beat(node(f"n{number}")) for number in range(12)))
    assert await stores.nodes.beat(node("n0")) == 12

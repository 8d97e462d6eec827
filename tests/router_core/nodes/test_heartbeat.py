"""The sign of life of a process, and by how many rate limits are divided."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from router_core.admin.nodes import NodeDesk, node_views
from router_core.errors import ForbiddenError, OverloadedError
from router_core.nodes.heartbeat import Heartbeat, NodeCount
from router_core.nodes.memory_register import MemoryNodeRegister
from router_core.types import LOST_AFTER, Node, Principal
from tests.support.fake_clock import FakeClock
from tests.support.store_kinds import NOW

MADE = Node(
    id="a", name="host:8080/1", host="host", pid=1, kind="worker", started_at=NOW, seen_at=NOW, revision=1,
    version="1", python="3", schema="0011",
)  # fmt: skip


class DeafRegister(MemoryNodeRegister):
    """Fails while ``deaf``."""

    deaf = False

    async def beat(self, node: Node) -> int:
        if self.deaf:
            raise OverloadedError("The store is busy")
        return await super().beat(node)


def person(role: str) -> Principal:
    return Principal(kind="person", id="u", name="u", role=role, accounts=())  # type: ignore[arg-type]


async def test_limits_are_divided_by_the_nodes_alive_and_never_by_fewer_than_were_started_together() -> None:
    clock = FakeClock(start=NOW)
    register, count = MemoryNodeRegister(clock), NodeCount(least=2)
    assert count.share() == 2
    heartbeat = Heartbeat(register, lambda: MADE, count, clock)
    await heartbeat.beat()
    assert count.share() == 2
    for other in ("b", "c"):
        await register.beat(structs.replace(MADE, id=other))
    await heartbeat.beat()
    assert count.share() == 3


async def test_while_the_register_is_away_what_was_heard_last_stands() -> None:
    clock = FakeClock(start=NOW)
    register, count = DeafRegister(clock), NodeCount()
    for other in ("b", "c"):
        await register.beat(structs.replace(MADE, id=other))
    heartbeat = Heartbeat(register, lambda: MADE, count, clock)
    await heartbeat.beat()
    register.deaf = True
    clock.advance(60)
    await heartbeat.beat()
    assert count.share() == 3
    register.deaf = False
    await heartbeat.beat()
    assert count.share() == 1


async def test_it_beats_every_second_and_leaves_at_the_end() -> None:
    clock = FakeClock(start=NOW)
    register = MemoryNodeRegister(clock)
    heartbeat = Heartbeat(register, lambda: MADE, NodeCount(), clock)
    task = asyncio.create_task(heartbeat.run())
    for _ in range(50):
        await asyncio.sleep(0)
    assert clock.utcnow() >= NOW + timedelta(seconds=3)
    (found,), now = await register.nodes()
    assert now - found.seen_at <= timedelta(seconds=1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await heartbeat.leave()
    assert (await register.nodes())[0] == []


def test_a_node_is_judged_against_those_alive() -> None:
    late = NOW - LOST_AFTER - timedelta(seconds=1)
    views = {
        each.node.id: each
        for each in node_views(
            [
                MADE,
                structs.replace(MADE, id="b", name="b", revision=2, draining=True),
                structs.replace(MADE, id="c", name="c", revision=9, version="2", seen_at=late),
                structs.replace(MADE, id="d", seen_at=late),
            ],
            NOW,
        )
    }
    assert {key: each.state for key, each in views.items()} == {
        "a": "serving", "b": "draining", "c": "lost", "d": "lost"
    }  # fmt: skip
    assert [key for key, each in views.items() if each.replaced] == ["d"]
    assert (views["a"].behind, views["b"].behind) == (True, False)
    assert not views["a"].differs
    assert views["c"].silent_s == 6.0


@pytest.mark.parametrize("role", ["analyst", "prompt_engineer", "service", "viewer"])
async def test_nodes_are_for_operators_and_heads(role: str) -> None:
    desk = NodeDesk(MemoryNodeRegister(FakeClock(start=NOW)))
    assert await desk.nodes(person("operator")) == []
    with pytest.raises(ForbiddenError):
        await desk.nodes(person(role))

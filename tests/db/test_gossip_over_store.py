"""Gossip of breakers over real databases, in real time: each node has its own connections, as a process would."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from db.engine import make_engine, writing
from db.hop import StoreHop
from db.stores import SqlBreakerLog
from router_core.clock import SystemClock
from tests.support.breaker_nodes import Node, start_node

Start = Callable[[str], Node]


@pytest.fixture
async def start(store_url: str) -> AsyncIterator[Start]:
    """Starts nodes on one store, and stops them after the test."""
    nodes: list[Node] = []
    hops: list[StoreHop] = []

    def starter(name: str) -> Node:
        hops.append(StoreHop(make_engine(store_url)))
        nodes.append(start_node(name, SqlBreakerLog(hops[-1], SystemClock()), SystemClock()))
        return nodes[-1]

    yield starter
    for node in nodes:
        await node.stop()
    for hop in hops:
        hop.close()


async def test_what_opens_here_is_open_elsewhere_within_two_seconds(start: Start) -> None:
    a, b = start("a"), start("b")
    a.fail()
    heard = await b.hears(lambda each: each.cause == "failures_in_a_row", within=2.0)
    assert b.state() == "OPEN"
    assert heard.node == "a"
    assert abs(a.breaker().wait_ms() - b.breaker().wait_ms()) < 250


async def test_a_force_reaches_everybody_survives_restarts_and_is_reset_from_anywhere(start: Start) -> None:
    a, b = start("a"), start("b")
    a.breaker().force("OPEN", actor="ann@example.com", reason="maintenance")
    await b.hears(lambda each: each.cause == "forced_open")
    assert b.breaker().get_state().forced is not None
    for node in (a, b):
        await node.stop()

    reborn, other = start("reborn"), start("other")
    for node in (reborn, other):
        await node.hears(lambda each: each.cause == "forced_open")
        assert node.breaker().get_state().forced is not None
    reborn.breaker().reset(actor="bob@example.com")
    await other.hears(lambda each: each.cause == "reset")
    assert other.breaker().get_state().forced is None
    assert other.state() == "CLOSED"


async def test_what_is_heard_is_never_written_again(start: Start, store_url: str) -> None:
    a, b, c = start("a"), start("b"), start("c")
    for node in (a, b, c):
        node.state()
    a.fail()
    b.breaker("gpt-4o-mini").force("CLOSED", actor="ann", reason="it is up")
    await asyncio.gather(c.hears(lambda each: each.node == "a"), c.hears(lambda each: each.node == "b"))
    for node in (a, b, c):
        await node.stop()
    engine = make_engine(store_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT node, cause FROM breaker_transitions ORDER BY node")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("a", "failures_in_a_row"), ("b", "forced_closed")]


async def test_a_store_that_loses_its_table_for_a_while_costs_no_call_and_no_news(start: Start, store_url: str) -> None:
    """A table out of the way is an outage that both databases can have, and recover from, at once."""
    a, b = start("a"), start("b")
    a.fail(model="gpt-4o-mini")
    await b.hears(lambda each: each.upstream == a.upstream_id("gpt-4o-mini"))
    rename(store_url, "breaker_transitions", "away")
    a.fail()
    assert a.state() == "OPEN"
    assert not await a.gossip.poll()
    rename(store_url, "away", "breaker_transitions")
    await b.hears(lambda each: each.upstream == a.upstream_id(), within=5.0)
    assert b.state() == "OPEN"
    assert a.gossip.dropped == 0


def rename(url: str, old: str, new: str) -> None:
    """Rename a table."""
    engine = make_engine(url)
    with writing(engine).begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
    engine.dispose()

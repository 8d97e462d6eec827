"""From a script's thread to the loop and back."""

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from console.bridge import Bridge
from router_core.errors.base import OverloadedError


async def endless(closed: threading.Event) -> AsyncGenerator[int, None]:
    try:
        yield 1
        await asyncio.Event().wait()
    finally:
        closed.set()


async def failing() -> AsyncGenerator[int, None]:
    yield 1
    raise OverloadedError("full")


async def many(number: int) -> AsyncGenerator[int, None]:
    for each in range(number):
        yield each


async def double(number: int) -> int:
    return 2 * number


def test_a_call_gives_its_result(bridge: Bridge) -> None:
    assert bridge.call(double(21)) == 42


def test_a_stream_gives_every_part_in_order_past_the_queues_limit(bridge: Bridge) -> None:
    assert [part for part in bridge.stream(many(5000)) if part is not None] == list(range(5000))


def test_a_stream_hands_on_what_came_before_its_error(bridge: Bridge) -> None:
    parts = bridge.stream(failing())
    assert next(parts) == 1
    with pytest.raises(OverloadedError):
        next(parts)


def test_a_silent_stream_beats_and_leaving_it_closes_it_within_a_second(bridge: Bridge) -> None:
    closed = threading.Event()
    parts = bridge.stream(endless(closed), heartbeat=0.01)
    assert next(parts) == 1
    assert next(parts) is None
    parts.close()
    assert closed.wait(timeout=1)

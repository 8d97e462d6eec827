"""Clients that leave at random moments: upstream hears of it within a second, and nothing of theirs stays."""

import asyncio
import random
import time
from collections import Counter

import aiohttp

from router_core.clock import SystemClock
from tests.faults.fault_kinds import FaultKind
from tests.faults.stage import Held, Stage
from tests.faults.traffic import prompt_of

CLIENTS = 200
CANCELLED_WITHIN_S = 1.0
SLOW = FaultKind("slow", ({"delay_ms": 300, "slice_bytes": 40, "slice_delay_ms": 60},))
SEED = 7


async def test_clients_that_leave_are_let_go_upstream_at_once(stage: Stage):
    """The first crowd opens what stays open for good, such as the store's connections; the second must add nothing."""
    # Both are slow: what one has no room for goes to the other.
    for each in (stage.primary, stage.secondary):
        each.control("PUT", "faults", list(SLOW.spoils))
    try:
        before = await _crowd(stage, "first")
        after = await _crowd(stage, "second")
    finally:
        for each in (stage.primary, stage.secondary):
            each.control("DELETE", "faults")
    assert after.files <= before.files
    assert (after.calls_in_flight, after.upstream_calls) == (0, 0)


async def _crowd(stage: Stage, name: str) -> Held:
    """Let a crowd come and leave; return what is held once it is quiet."""
    stage.forget_calls()
    left = await _leave(stage, random.Random(f"{SEED}{name}"), name)
    held = await _calm(stage)
    calls = [*stage.primary.calls(), *stage.secondary.calls()]
    over = {call["tag"]: call["started_at"] + call["duration_ms"] / 1000 for call in calls if call["tag"] in left}
    late = {tag: round(end - left[tag], 3) for tag, end in over.items() if end - left[tag] > CANCELLED_WITHIN_S}
    assert not late, f"seconds from leaving to the end of the call upstream: {late}"
    assert len(over) > CLIENTS / 2, "hardly anyone was upstream yet"
    assert sum(call["outcome"] == "client_closed" for call in calls) > CLIENTS / 2
    return held


async def _leave(stage: Stage, rng: random.Random, name: str) -> dict[str, float]:
    """Send requests, every second one a stream; return when each client left, by tag, as wall time."""
    left: dict[str, float] = {}
    answered: Counter[int] = Counter()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), headers={"authorization": f"Bearer {stage.key}"}
    ) as session:

        async def ask(number: int, patience: float) -> None:
            tag = f"{name}-{number}"
            body = {"useCase": "draft", "prompt": prompt_of(tag), "stream": number % 2 == 0}
            try:
                async with asyncio.timeout(patience), session.post(f"{stage.url}/api/llm", json=body) as answer:
                    await answer.read()
                    answered[answer.status] += 1
            except TimeoutError:
                left[tag] = time.time()

        async with asyncio.TaskGroup() as tasks:
            for number in range(CLIENTS):
                tasks.create_task(ask(number, rng.uniform(0.0, 0.9)))
                await asyncio.sleep(0.005)
    assert len(left) > CLIENTS * 0.8, f"the provider was too quick to be left: {answered}"
    return left


async def _calm(stage: Stage) -> Held:
    """Return what is held once no call is under way any more, or after some seconds."""
    clock = SystemClock()
    held = stage.held()
    for _ in range(50):
        if not held.calls_in_flight and not held.upstream_calls:
            break
        await clock.sleep(0.1)
        held = stage.held()
    return held

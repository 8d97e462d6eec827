"""The whole runtime in this process, on two simulated vendors: after faults and lost callers no task is left."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from router_core.errors import LLMError
from router_core.types import LLMRequest
from signalbox.bootstrap import Runtime, build
from signalbox.settings import read_settings
from tests.faults.traffic import prompt_of
from tests.support.simulator_process import SimulatorProcess

REQUESTS = 120
END_WITHIN_S = 10.0
SPOILS: tuple[Mapping[str, Any], ...] = (
    {"status": 500, "probability": 0.2},
    {"silent_after": 0, "probability": 0.1},
    {"silent_after": 4, "probability": 0.1},
    {"cut_after": 4, "probability": 0.2},
    {"delay_ms": 60},
)


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_task_permit_or_place_is_left(seed: int, tmp_path: Path):
    with SimulatorProcess("--fast") as primary, SimulatorProcess("--fast") as secondary:
        runtime = await build(
            read_settings(
                {
                    "SIGNALBOX_DATA_DIR": str(tmp_path / "data"),
                    "OPENAI_API_KEY": "sk-for-a-simulator",
                    "ANTHROPIC_API_KEY": "sk-ant-for-a-simulator",
                    "OPENAI_BASE_URL": secondary.openai_url,
                    "ANTHROPIC_BASE_URL": primary.base_url,
                    "SIGNALBOX_FIRST_TOKEN_TIMEOUT_S": "0.5",
                    "SIGNALBOX_IDLE_TIMEOUT_S": "0.5",
                    "SIGNALBOX_REQUEST_TIMEOUT_S": "3",
                    "SIGNALBOX_BREAKER_COOLDOWN_S": "0.2",
                }
            )
        )
        try:
            await _one(runtime, "warm", streamed=True)
            before = asyncio.all_tasks()
            primary.control("PUT", "faults", list(SPOILS))
            ends = await _crowd(runtime, random.Random(seed))
            left = await _left(before)
            assert not left, f"tasks left: {left}"
            assert runtime.router.in_flight == 0
            for upstream in runtime.router.upstreams.all():
                assert upstream.limiter.in_flight == 0
            assert {"served", "left"} <= ends
        finally:
            await runtime.close()


async def _left(before: "set[asyncio.Task[Any]]") -> "set[asyncio.Task[Any]]":
    """Return the tasks that do not end by themselves; one that waits for a busy disk is given its time."""
    left = asyncio.all_tasks() - before
    if left:
        await asyncio.wait(left, timeout=END_WITHIN_S)
    return asyncio.all_tasks() - before


async def _crowd(runtime: Runtime, rng: random.Random) -> set[str]:
    ends: set[str] = set()

    async def come(number: int, patience: float | None) -> None:
        try:
            async with asyncio.timeout(patience):
                await _one(runtime, f"task-{number}", streamed=number % 2 == 0)
            ends.add("served")
        except TimeoutError:
            ends.add("left")

    async with asyncio.TaskGroup() as tasks:
        for number in range(REQUESTS):
            tasks.create_task(come(number, rng.uniform(0.0, 0.5) if rng.random() < 0.4 else None))
            await asyncio.sleep(0.005)
    return ends


async def _one(runtime: Runtime, tag: str, *, streamed: bool) -> None:
    request = LLMRequest(use_case="draft", prompt=prompt_of(tag))
    with suppress(LLMError):
        if not streamed:
            await runtime.router.complete(request)
            return
        async with aclosing(runtime.router.stream(request)) as parts:
            async for _ in parts:
                pass

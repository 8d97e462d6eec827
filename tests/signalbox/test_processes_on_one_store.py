"""Whole runtimes on one store: what an operator does in one holds in the others, and after a restart."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from router_core.resilience.upstream import Upstream
from router_core.types import Principal, UseCasePolicy
from signalbox.bootstrap import Runtime, build
from signalbox.settings import read_settings

Begin = Callable[[], Awaitable[Runtime]]
WITHIN_S = 2.5
ANN = Principal(kind="person", id="u1", name="ann@example.com", role="owner", accounts=())


@pytest.fixture
async def begin(tmp_path: Path) -> AsyncIterator[Begin]:
    """Starts runtimes on one data directory; nothing in them calls a provider."""
    settings = read_settings(
        {"SIGNALBOX_DATA_DIR": str(tmp_path), "OPENAI_API_KEY": "sk-test", "SIGNALBOX_HEALTH_CHECKS": "false"}
    )
    running: list[Runtime] = []

    async def starter() -> Runtime:
        running.append(await build(settings))
        return running[-1]

    yield starter
    for runtime in running:
        await runtime.close()


def upstream(runtime: Runtime) -> Upstream:
    """Return where calls to the first provider go."""
    found = runtime.router.upstream_of(runtime.config.snapshot().providers[0])
    assert found is not None
    return found


async def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait, for as long as news may take, until ``condition`` holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + WITHIN_S
    while not condition() and loop.time() < end:
        await asyncio.wait([loop.create_future()], timeout=0.02)
    return condition()


async def test_a_force_holds_in_the_other_process_and_from_the_first_moment_of_the_next(begin: Begin) -> None:
    one, two = await begin(), await begin()
    upstream(one).breaker.force("OPEN", actor="ann@example.com", reason="maintenance")
    assert await comes_true(lambda: upstream(two).breaker.get_state().forced is not None)
    for runtime in (one, two):
        await runtime.close()
    reborn = await begin()
    forced = upstream(reborn).breaker.get_state().forced
    assert forced is not None
    assert forced.actor == "ann@example.com"


async def test_an_act_just_before_the_end_of_a_process_is_not_lost(begin: Begin) -> None:
    one = await begin()
    upstream(one).breaker.force("CLOSED", actor="ann@example.com", reason="it is up")
    await one.close()
    assert upstream(await begin()).breaker.get_state().forced is not None


async def test_a_policy_reaches_the_other_process(begin: Begin) -> None:
    one, two = await begin(), await begin()
    await one.operations.set_policy("draft", UseCasePolicy(idle_s=7.0), ANN)
    assert await comes_true(lambda: two.config.snapshot().policy("draft").idle_s == 7.0)

"""Work in the background that breaks is begun anew, for ever, and seen meanwhile."""

import asyncio
from contextlib import AsyncExitStack

from router_core.health.dependencies import DependencyRegister
from signalbox.tasks import LONGEST_PAUSE_S, Followers
from tests.support.fake_clock import FakeClock

BREAKS = 12


async def test_work_that_breaks_again_and_again_is_begun_anew_after_pauses_that_end_growing() -> None:
    clock, register = FakeClock(), DependencyRegister()
    begun: list[str] = []
    runs = asyncio.Event()

    async def work() -> None:
        begun.append(register.report().state)
        if len(begun) <= BREAKS:
            raise LookupError("a bug of ours")
        runs.set()
        await asyncio.Event().wait()

    async with AsyncExitStack() as stack:
        Followers(register, clock).plain(stack, "retention", "The retention", "Rows are kept longer.", work)
        async with asyncio.timeout(5):
            await runs.wait()
        (state,) = register.report().dependencies
    assert begun[:2] == ["up", "down"]
    assert (state.name, state.failures, state.outages) == ("retention", BREAKS, 1)
    assert state.lost == "Rows are kept longer."
    assert max(clock.waits) <= 1.5 * LONGEST_PAUSE_S
    assert min(clock.waits) >= 0.5
    assert len(set(clock.waits)) == BREAKS

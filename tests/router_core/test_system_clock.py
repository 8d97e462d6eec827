"""The machine's own clock never wakes anyone early."""

import asyncio

import uvloop

from router_core.clock import SystemClock

# uvloop's timers count whole milliseconds and would round this one down.
PAUSE_S = 0.0204


def test_sleep_is_never_shorter_than_was_asked():
    """Who wakes before a provider's rest is over finds it resting, and may have nobody else to ask."""

    async def naps() -> list[float]:
        clock, taken = SystemClock(), []
        for _ in range(5):
            started = clock.now()
            await clock.sleep(PAUSE_S)
            taken.append(clock.now() - started)
        return taken

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert min(runner.run(naps())) >= PAUSE_S

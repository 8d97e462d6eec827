"""A process whose own event loop is held up for a while takes that for no outage of Redis, and lets nobody in more."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from router_core.clock import SystemClock
from router_core.ports import Draw, LimitAnswer, LimitAsk
from router_core.rate_limiting.redis_rate_limiter import RedisLimiter
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import Bucket, Secret
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis
CLOCK = SystemClock()
POLICY = LinkPolicy()
BURST, ASKED = 50, 80
NOTHING_COMES_BACK = 1e-6


@pytest.fixture
async def link(redis_server: RedisServer) -> AsyncIterator[RedisLink]:
    """A link that has no connection yet, with the bounds that a server has."""
    found = RedisLink(connect(Secret(redis_server.url), POLICY), CLOCK, POLICY)
    yield found
    await found.close()


def hold_up(seconds: float) -> None:
    """Keep the event loop busy, as a large body does."""
    end = CLOCK.now() + seconds
    while CLOCK.now() < end:
        pass


async def ask(limiter: RedisLimiter, account: str) -> LimitAnswer:
    bucket = Bucket(f"account:{account}:requests", "account", "requests", float(BURST), NOTHING_COMES_BACK)
    return await limiter.take(LimitAsk("r", (Draw(bucket, 1.0),)))


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16])
@pytest.mark.parametrize("stall_s", [0.15, 0.3])
async def test_a_stall_while_many_ask_lets_in_exactly_the_burst(link: RedisLink, stall_s: float, turns: int) -> None:
    limiter = RedisLimiter(link, CLOCK)
    asking = [asyncio.create_task(ask(limiter, "acme")) for _ in range(ASKED)]
    for _ in range(turns):
        await asyncio.sleep(0)
    hold_up(stall_s)
    answers = await asyncio.gather(*asking)
    assert [each.chosen for each in answers].count(0) == BURST
    assert (link.up, link.state().failures, limiter.stats().local) == (True, 0, 0)


async def test_a_loop_that_is_held_up_again_and_again_is_no_outage(link: RedisLink) -> None:
    limiter = RedisLimiter(link, CLOCK)
    asking = [asyncio.create_task(ask(limiter, "acme")) for _ in range(ASKED)]
    for _ in range(8):
        await asyncio.sleep(0)
        hold_up(0.05)
    answers = await asyncio.gather(*asking)
    assert [each.chosen for each in answers].count(0) == BURST
    assert link.up

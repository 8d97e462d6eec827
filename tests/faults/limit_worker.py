"""One process of the limit run: asks for one account as fast as it is answered, and says when it was let in.

``python -m tests.faults.limit_worker REDIS_URL SECONDS``; it waits for a line on standard input before it begins, and
prints the moments before and after each request that was let in, by the machine's monotonic clock.
"""

import asyncio
import json
import sys

from router_core.clock import SystemClock
from router_core.ports import Draw, LimitAsk
from router_core.rate_limiting.redis_rate_limiter import RedisLimiter
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import LimitBook, Secret
from tests.support.limiter_kinds import STANDARD_LIMIT

LANES = 4
# A loaded machine is no outage.
PATIENT = LinkPolicy(call_timeout_s=5.0)


async def work(url: str, seconds: float) -> list[tuple[float, float]]:
    """Ask for ``seconds``; return when each request that was let in was sent and answered."""
    clock = SystemClock()
    link = RedisLink(connect(Secret(url), PATIENT), clock, PATIENT)
    limiter = RedisLimiter(link, clock)
    (bucket,) = LimitBook(default=STANDARD_LIMIT).buckets("account", "acme")
    await limiter.look([bucket])
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    end, admitted = clock.now() + seconds, []

    async def lane() -> None:
        while (sent := clock.now()) < end:
            if (await limiter.take(LimitAsk("r", (Draw(bucket, 1.0),)))).chosen is not None:
                admitted.append((sent, clock.now()))

    await asyncio.gather(*(lane() for _ in range(LANES)))
    assert limiter.stats().local == 0
    await link.close()
    return admitted


if __name__ == "__main__":
    print(json.dumps(asyncio.run(work(sys.argv[1], float(sys.argv[2])))), flush=True)

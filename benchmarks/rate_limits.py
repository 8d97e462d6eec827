"""What limits cost: a check in memory, a million accounts, and what they add to a request; in Redis our own CPU.

Run it with ``python -m benchmarks.rate_limits [--redis URL]``.
"""

import argparse
import asyncio
import gc
import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.core_path import MODEL, REQUEST, ROWS, InstantAdapter, NoRecorder, OneKey, timed, timed_async
from router_core.clock import SystemClock
from router_core.cost.prices import FixedPrices
from router_core.ports import Draw, LimitAsk
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.rate_limiting.rate_limiter import RateLimiter
from router_core.router import Router, StaticConfig
from router_core.types import Limit, LimitBook, Principal, Rates, Secret, Snapshot

ACCOUNTS = 1_000_000
PAGE_BYTES = 4_096
BAR_CHECK_US, BAR_MB, BAR_REDIS_US, BAR_ADDED = 3.0, 250, 150, 0.25
KEY = Principal(kind="key", id="k1", name="benchmark", role="service", accounts=("acme",))
ENDLESS = 1_000_000
WIDE = Limit(
    scope="account", target="acme", requests_per_second=ENDLESS, burst=ENDLESS, tokens_per_minute=2_000_000_000,
    concurrency=ENDLESS,
)  # fmt: skip
NARROW = Limit(scope="account", target="acme", requests_per_second=ENDLESS, burst=ENDLESS)


def resident_mb() -> float:
    """Return the memory of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_BYTES / 1e6


def measure_check(times: int) -> Sequence[tuple[str, float, float]]:
    """Return what one check costs, in CPU microseconds, and what a million accounts take."""
    limiter = RateLimiter(requests_per_second=ENDLESS, burst_capacity=ENDLESS)
    names = [f"01KJMMA2G037K7JF3{number:09d}" for number in range(ACCOUNTS)]
    gc.collect()
    before = resident_mb()
    for name in names:
        limiter.check_limit(name)
    # The names themselves are the accounts' own.
    taken = resident_mb() - before
    some = random.Random(1).sample(names, times)
    return [
        ("check_limit, one account", timed(lambda: limiter.check_limit("acme"), times), BAR_CHECK_US),
        ("check_limit, any of 1,000,000", timed(lambda: [limiter.check_limit(each) for each in some], 1) / times,
         BAR_CHECK_US),
        ("1,000,000 accounts, MB", taken, BAR_MB),
    ]  # fmt: skip


def make_router(book: LimitBook) -> Router:
    """Return a router on the instant adapter with the limits of ``book``."""
    rate = 150_000_000
    return Router(
        config=StaticConfig(Snapshot(ROWS, limits=book)), adapters=InstantAdapter(), keys=OneKey(),
        prices=FixedPrices({MODEL: Rates.of(rate, 4 * rate, cache_read=rate // 2)}), recorder=NoRecorder(),
    )  # fmt: skip


async def measure_requests(times: int) -> Sequence[tuple[str, float, float]]:
    """Return what a request costs with limits as a multiple of one without."""
    bare, one = make_router(LimitBook()), make_router(LimitBook([NARROW]))
    full = make_router(LimitBook([WIDE]))
    base = await timed_async(lambda: bare.complete(REQUEST, KEY), times)
    return [
        ("a request without limits, us", base, 0.0),
        ("with a request limit, times as much", await timed_async(lambda: one.complete(REQUEST, KEY), times) / base,
         1 + BAR_ADDED),
        ("with all three, times as much", await timed_async(lambda: full.complete(REQUEST, KEY), times) / base,
         1 + 2 * BAR_ADDED),
    ]  # fmt: skip


async def measure_shared(url: str, times: int) -> Sequence[tuple[str, float, float]]:
    """Return what taking out of buckets in Redis costs this process, in CPU microseconds."""
    from router_core.rate_limiting.redis_rate_limiter import RedisLimiter
    from router_core.redis_link import LinkPolicy, RedisLink, connect

    clock, policy = SystemClock(), LinkPolicy(call_timeout_s=5.0)
    link = RedisLink(connect(Secret(url), policy), clock, policy)
    shared, memory = RedisLimiter(link, clock), MemoryLimiter(clock)
    asks = {count: LimitAsk("benchmark", tuple(Draw(each, 1.0) for each in WIDE.buckets()[:count])) for count in (1, 3)}
    found: list[tuple[str, float, float]] = []
    for count, ask in asks.items():
        await shared.take(ask)
        cost = await timed_async(lambda ask=ask: shared.take(ask), times)  # type: ignore[misc]
        found.append((f"Redis, {count} buckets, us of our CPU", cost, BAR_REDIS_US))
    found.append(("memory, 3 buckets, us", await timed_async(lambda: memory.take(asks[3]), times), 0.0))
    await link.close()
    return found


async def main_async(times: int, url: str | None) -> Sequence[tuple[str, float, float]]:
    """Return every figure with its bar."""
    found = [*measure_check(times), *await measure_requests(times)]
    return found if url is None else [*found, *await measure_shared(url, times)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3_000, help="calls in each of seven rounds")
    parser.add_argument("--redis", help="URL of a Redis to measure shared buckets with")
    chosen = parser.parse_args()
    for name, value, bar in asyncio.run(main_async(chosen.times, chosen.redis)):
        print(f"{name:<44}{value:>10.2f}" + (f"   at most {bar:g}" if bar else ""))


if __name__ == "__main__":
    main()

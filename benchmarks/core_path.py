"""What the router itself costs: CPU microseconds a request and a part, with a provider that answers at once.

Run it with ``python -m benchmarks.core_path``; ``--profile`` shows where the time of a request goes.
"""

import argparse
import asyncio
import cProfile
import gc
import pstats
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from statistics import median

from router_core.clock import SystemClock
from router_core.cost.prices import FixedPrices
from router_core.metrics.collector import MetricsCollector
from router_core.metrics.recorders import FanOutRecorder, RecentEvents
from router_core.resilience.circuit_breaker import BreakerPolicy, CircuitBreaker
from router_core.router import Router, StaticConfig
from router_core.selection import select
from router_core.types import (
    EMBEDDED,
    AnswerEnd,
    Decision,
    LLMRequest,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderKind,
    ProviderPart,
    Rates,
    RequestEvent,
    Secret,
    Snapshot,
    TextDelta,
    UsableKey,
    Usage,
)

GOAL_US, BAR_US = 60, 120
ROUNDS = 7
PARTS = 200
MODEL = "gpt-4o-mini"
USAGE = Usage(input_tokens=1000, output_tokens=500)
REQUEST = LLMRequest(prompt="Write a professional email to a customer.", max_tokens=500)
ROWS = [
    ProviderConfig(
        id=f"id-{number}", name=f"row-{number}", kind="openai", model=MODEL, use_cases=("general",),
        max_tokens=16_384, context_window=128_000, is_default=number == 0,
    )
    for number in range(2)
]  # fmt: skip


class InstantAdapter:
    """A provider that answers at once, and the source that hands it out."""

    def __init__(self) -> None:
        self._answer = ProviderAnswer(text="Hello", finish_reason="stop", usage=USAGE, model=MODEL)
        self._parts: tuple[ProviderPart, ...] = (
            *(TextDelta("word ") for _ in range(PARTS)),
            AnswerEnd(finish_reason="stop", usage=USAGE, model=MODEL),
        )

    async def adapter(self, kind: ProviderKind) -> "InstantAdapter":  # noqa: ARG002 - it speaks for every vendor
        return self

    async def complete(self, call: ProviderCall) -> ProviderAnswer:  # noqa: ARG002 - one answer for all
        return self._answer

    async def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:  # noqa: ARG002 - one answer
        for part in self._parts:
            yield part

    async def count_tokens(self, call: ProviderCall) -> int | None:
        """Return None: nobody counts."""

    async def close(self) -> None:
        """Nothing is open."""


class OneKey:
    """A key source with the same key for everyone."""

    def keys_for(self, provider: ProviderConfig) -> tuple[UsableKey, ...]:  # noqa: ARG002 - one key for all
        """Return that key."""
        return _KEYS


class NoRecorder:
    """Forgets every event."""

    def record(self, event: RequestEvent) -> None:
        """Forget ``event``."""


_KEYS = (UsableKey(Secret("sk-benchmark")),)


def make_router(recorder: NoRecorder | FanOutRecorder) -> Router:
    """Return a router on the instant adapter that records to ``recorder``."""
    rate = 150_000_000
    return Router(
        config=StaticConfig(ROWS),
        adapters=InstantAdapter(),
        keys=OneKey(),
        prices=FixedPrices({MODEL: Rates.of(rate, 4 * rate, cache_read=rate // 2)}),
        recorder=recorder,
    )


def an_event() -> RequestEvent:
    """Return a finished request."""
    return RequestEvent(
        id="01KJMMA2G037K7JF333E91X4AZ", timestamp=datetime(2026, 1, 1, tzinfo=UTC), principal=EMBEDDED,
        account_id=None, use_case="general", provider="row-1", model=MODEL, status="success", error_code=None,
        usage=USAGE, cost=450_000, latency_ms=812.5, first_token_ms=203.1, streamed=True, cached=False,
        decision=Decision(use_case="general", revision=0, estimated_input_tokens=9, considered=()),
    )  # fmt: skip


def timed(call: Callable[[], object], times: int) -> float:
    """Return the median CPU microseconds of ``call`` over several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        for _ in range(times):
            call()
        rounds.append((time.process_time() - started) / times * 1e6)
    return median(rounds)


async def timed_async(call: Callable[[], Awaitable[object]], times: int) -> float:
    """Return the median CPU microseconds of awaiting ``call`` over several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        for _ in range(times):
            await call()
        rounds.append((time.process_time() - started) / times * 1e6)
    return median(rounds)


async def drain(router: Router) -> None:
    """Read one stream to its end."""
    async for _ in router.stream(REQUEST):
        pass


async def measure(times: int) -> list[tuple[str, float]]:
    """Return what each piece costs, in CPU microseconds."""
    clock = SystemClock()
    collector, recent, event = MetricsCollector(clock), RecentEvents(), an_event()
    bare, full = make_router(NoRecorder()), make_router(FanOutRecorder(collector, recent))
    breaker, snapshot = CircuitBreaker(BreakerPolicy(), clock), Snapshot(ROWS)
    whole_stream = await timed_async(lambda: drain(bare), max(1, times // 50))
    return [
        ("Router.complete", await timed_async(lambda: bare.complete(REQUEST), times)),
        ("Router.complete with metrics and events", await timed_async(lambda: full.complete(REQUEST), times)),
        ("Router.stream, a part", whole_stream / PARTS),
        ("select()", timed(lambda: select(REQUEST, snapshot, None, lambda _: None), times)),
        ("breaker acquire + success", timed(lambda: breaker.acquire().success(), times)),
        ("metrics record", timed(lambda: collector.record(event), times)),
        ("event record", timed(lambda: recent.record(event), times)),
    ]


async def profile(times: int) -> None:
    """Print where the time of a request goes."""
    router = make_router(FanOutRecorder(MetricsCollector(SystemClock()), RecentEvents()))
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(times):
        await router.complete(REQUEST)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3_000, help="calls in each of seven rounds")
    parser.add_argument("--profile", action="store_true", help="show where the time of a request goes")
    chosen = parser.parse_args()
    if chosen.profile:
        asyncio.run(profile(chosen.times))
        return
    print(f"{'CPU microseconds, median of ' + str(ROUNDS) + ' rounds':<44}{'us':>8}   goal {GOAL_US}, bar {BAR_US}")
    for name, micros in asyncio.run(measure(chosen.times)):
        print(f"{name:<44}{micros:>8.2f}")


if __name__ == "__main__":
    main()

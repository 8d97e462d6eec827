"""What caches cost: the one in memory, the view of the configuration with 10,000 rows, the key and seal of an answer.

Run it with ``python -m benchmarks.caches``. The exit code is 1 when something takes more than its mark.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median

from msgspec import Struct

from benchmarks.core_path import timed
from benchmarks.selection import nothing_wrong, rows
from router_core.cache.answer_key import AnswerKey, answer_key
from router_core.cache.memory_cache import MemoryCache
from router_core.cache.provider_cache import CachedProviderRepository
from router_core.cache.sealing import AnswerSeal
from router_core.clock import SystemClock
from router_core.router import StaticConfig
from router_core.selection import select
from router_core.types import LLMRequest, Question

__all__ = ["MARK_US", "Cost", "measure"]

MARK_US = 3.0
MANY = 10_000
ROUNDS = 7
ANSWER = b"x" * 2_000
TTL_MS = 600_000


class Cost(Struct, frozen=True):
    """CPU microseconds of ``name``; ``mark`` is what it may cost, None for what is only shown."""

    name: str
    micros: float
    mark: float | None = None


async def measure(times: int) -> list[Cost]:
    """Return what each piece costs, the median of seven rounds of ``times`` calls."""
    clock, config = SystemClock(), StaticConfig(rows(MANY))
    memory, providers = MemoryCache(clock), CachedProviderRepository(config, clock)
    keys = [f"{number:016x}:{number:016x}:{number:064x}" for number in range(MANY)]
    for key in keys:
        await memory.set(key, ANSWER, TTL_MS)
    account = next(row.account_id for row in config.snapshot().providers if row.account_id)
    request = LLMRequest(prompt="Summarise the minutes of the meeting. " * 30, use_case="case-0")
    question = Question(
        request=request, account_id=account, use_case="case-0", streamed=False,
        plan=select(request, config.snapshot(), account, nothing_wrong),
    )  # fmt: skip
    found = answer_key(question, {})
    if found is None:
        raise LookupError("the benchmark's question has a key")
    seal = AnswerSeal(b"k" * 32)
    return [
        Cost("memory get", await _each(memory.get, keys, times), MARK_US),
        Cost("memory set", await _each(lambda key: memory.set(key, ANSWER, TTL_MS), keys, times), MARK_US),
        Cost("providers of an account, 10,000 rows", timed(lambda: providers.get_providers(account), times), MARK_US),
        Cost("key of an answer, 1 kB prompt", timed(lambda: answer_key(question, {}), times // 4)),
        Cost("seal and open 2 kB", timed(lambda: _sealed(seal, found), times // 4)),
    ]


def _sealed(seal: AnswerSeal, key: AnswerKey) -> bytes:
    return seal.open(seal.close(ANSWER, key), key)


async def _each(call: Callable[[str], Awaitable[object]], keys: list[str], times: int) -> float:
    """Return the CPU microseconds of one call, over keys in turn."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for number in range(times):
            await call(keys[number % MANY])
        took.append((time.process_time() - began) / times * 1e6)
    return median(took)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20_000, help="calls in each of seven rounds")
    costs = asyncio.run(measure(parser.parse_args().times))
    for each in costs:
        print(f"{each.name:<40}{each.micros:>8.2f} us" + ("" if each.mark is None else f"   mark {each.mark:g}"))
    sys.exit(any(each.mark is not None and each.micros > each.mark for each in costs))


if __name__ == "__main__":
    main()

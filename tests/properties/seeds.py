"""Runs a check on many seeded schedules; a failure names its seed, and that seed alone repeats it."""

import random
from collections.abc import Callable

__all__ = ["SCHEDULES", "for_each_seed"]

# Per check; together more than 100,000.
SCHEDULES = {
    "breaker": 60_000,
    "retry budget": 16_000,
    "rest": 12_000,
    "limit": 12_000,
    "backoff": 8_000,
    "retry": 8_000,
    "router": 4_000,
}


def for_each_seed(count: int, check: Callable[[random.Random], None]) -> None:
    """Run ``check`` with ``count`` random generators, seeded 0, 1, 2…; a failure carries its seed as a note."""
    for seed in range(count):
        try:
            check(random.Random(seed))
        except BaseException as failure:
            failure.add_note(f"seed {seed}: {check.__name__}(random.Random({seed})) repeats it")
            raise

"""What choosing among 10,000 providers costs: looking them up, and planning a request under each strategy.

Run it with ``python -m benchmarks.selection``. The exit code is 1 when a look-up takes more than the mark.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.core_path import timed
from router_core.clock import SystemClock
from router_core.cost.prices import FixedPrices
from router_core.selection import Signals, select
from router_core.types import (
    STRATEGIES,
    Canary,
    LLMRequest,
    Load,
    Pace,
    ProviderConfig,
    Rates,
    Snapshot,
    UseCasePolicy,
)

MARK_US = 3.0
ACCOUNTS = 2_000
SHARED_BY_USE_CASE = 4
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini")
POLICIES: dict[str, UseCasePolicy] = {
    **{str(strategy): UseCasePolicy(strategy=strategy) for strategy in STRATEGIES},
    "weighted, sticky": UseCasePolicy(strategy="weighted", sticky=True),
    "order": UseCasePolicy(order=("shared-0-3", "shared-0-1", "shared-0-2")),
    "canary": UseCasePolicy(canary=Canary("shared-0-3", 5)),
}


def rows(count: int) -> Iterator[ProviderConfig]:
    """Yield ``count`` providers: four global ones for each use case, and four of each account until they are enough."""
    for number in range(count):
        group, place = divmod(number, SHARED_BY_USE_CASE)
        own = group >= count // (2 * SHARED_BY_USE_CASE)
        name = f"own-{group}-{place}" if own else f"shared-{group}-{place}"
        yield ProviderConfig(
            id=name, name=name, kind="openai", model=MODELS[place],
            use_cases=("case-0",) if own else (f"case-{group}",), max_tokens=16_384, context_window=128_000,
            account_id=f"account-{group % ACCOUNTS}" if own else None, is_default=number == 0,
        )  # fmt: skip


def look_ups(snapshot: Snapshot, count: int) -> list[tuple[str, Callable[[], object]]]:
    """Return each way of finding providers, for an account that has some of its own."""
    account = f"account-{(count // SHARED_BY_USE_CASE - 1) % ACCOUNTS}"
    return [
        ("by use case", lambda: snapshot.for_use_case("case-0", account)),
        ("by use case, nobody's own", lambda: snapshot.for_use_case("case-7", None)),
        ("by name", lambda: snapshot.for_name("shared-3-1", account)),
        ("defaults", lambda: snapshot.defaults(account)),
        ("policy", lambda: snapshot.policy("case-0")),
        ("knows a use case", lambda: snapshot.knows_use_case("case-0", account)),
    ]


def nothing_wrong(_: ProviderConfig) -> None:
    """Every provider is available."""


def plans(count: int, times: int) -> list[tuple[str, float]]:
    """Return what a plan of four candidates costs under each policy, in CPU microseconds."""
    prices = FixedPrices({model: Rates.of(150_000_000, 600_000_000) for model in MODELS})
    told = Signals(
        chance=SystemClock().random,
        pace=lambda row: Pace(0.2 + len(row.model) / 100, 20),
        load=lambda row: Load(len(row.model), 20),
        tariff=prices.tariff,
    )
    request = LLMRequest(prompt="Write a professional email to a customer.", use_case="case-0", max_tokens=500)
    providers = list(rows(count))
    found = []
    for name, policy in POLICIES.items():
        snapshot = Snapshot(providers, policies={"case-0": policy})
        found.append((name, timed(partial(select, request, snapshot, None, nothing_wrong, told), times)))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3_000, help="calls in each of seven rounds")
    times = parser.parse_args().times
    worst = 0.0
    for count in (100, 10_000):
        providers = list(rows(count))
        made = timed(partial(Snapshot, providers), 3) / 1000
        print(f"{count:,} providers; a snapshot is made in {made:.1f} ms of CPU")
        snapshot = Snapshot(providers)
        for name, call in look_ups(snapshot, count):
            micros = timed(call, times)
            worst = max(worst, micros)
            print(f"  look-up {name:<28}{micros:>8.2f} us   mark {MARK_US:g}")
        for name, micros in plans(count, times):
            print(f"  plan, {name:<30}{micros:>8.2f} us")
    sys.exit(worst > MARK_US)


if __name__ == "__main__":
    main()

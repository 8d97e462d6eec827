"""Plans under a policy, with the signals that a test wants."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from router_core.selection import Absence, Signals, select
from router_core.types import Load, Pace, Plan, ProviderConfig, Snapshot, UseCasePolicy
from tests.support.core_fakes import PRICES, ask, provider

__all__ = ["THREE", "draws", "everyone", "firsts", "names", "plan", "reasons", "signals"]

THREE = [
    provider(name, model=model) for name, model in (("a", "gpt-4o"), ("b", "gpt-4o-mini"), ("c", "claude-haiku-4-5"))
]


def everyone(_: ProviderConfig) -> Absence | None:
    """Every provider is available."""
    return None


def draws(seed: int = 1) -> Iterator[float]:
    """Yield numbers in [0, 1) for ever, the same ones for the same seed."""
    random = Random(seed)
    while True:
        yield random.random()


def signals(
    chance: Iterator[float] | float | None = None,
    *,
    paces: Mapping[str, Pace] | None = None,
    loads: Mapping[str, Load] | None = None,
    output: int = 300,
) -> Signals:
    """Return the signals of a stream: these paces and loads by name, and the prices of the standard models."""
    return Signals(
        chance=(lambda: chance) if isinstance(chance, float) else (lambda: None if chance is None else next(chance)),
        pace=lambda row: (paces or {}).get(row.name),
        load=lambda row: (loads or {}).get(row.name),
        tariff=PRICES.tariff,
        expected_output=lambda _: output,
        streamed=True,
    )


def plan(
    policy: UseCasePolicy,
    told: Signals | None = None,
    *,
    rows: Sequence[ProviderConfig] = THREE,
    account_id: str | None = None,
    availability: Any = everyone,
    **request: Any,
) -> Plan:
    """Return the plan of a request for ``general`` under ``policy``."""
    snapshot = Snapshot(rows, policies={"general": policy})
    return select(ask(**request), snapshot, account_id, availability, told or signals())


def names(found: Plan) -> list[str]:
    """Return the candidates by name."""
    return [each.provider.name for each in found.candidates]


def reasons(found: Plan) -> dict[str, str]:
    """Return why each candidate stands where it stands."""
    return {each.provider.name: each.reason for each in found.candidates}


def firsts(policy: UseCasePolicy, times: int, told: Signals | None = None, **scene: Any) -> dict[str, int]:
    """Return how often each provider was the first of ``times`` plans."""
    chance = told or signals(draws())
    counts: dict[str, int] = {}
    for _ in range(times):
        first = plan(policy, chance, **scene).candidates[0].provider.name
        counts[first] = counts.get(first, 0) + 1
    return counts

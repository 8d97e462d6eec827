"""Whatever the policy and the moment: who can serve is in the plan exactly once, and drops stay what they are."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.selection import Absence, Signals, select
from router_core.types import STRATEGIES, Canary, Load, Pace, ProviderConfig, Snapshot, UseCasePolicy
from tests.support.core_fakes import PRICES, ask, provider

NAMES = ("a", "b", "c", "d", "e", "f")
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "unheard-of")


@st.composite
def rows(draw: st.DrawFn) -> list[ProviderConfig]:
    """Some providers, of the account and of everybody, some of which cannot serve."""
    return [
        provider(
            name,
            model=draw(st.sampled_from(MODELS)),
            account_id=draw(st.sampled_from((None, "acme", "rival"))),
            use_cases=draw(st.sampled_from((("general",), ("draft",)))),
            is_default=draw(st.booleans()),
            is_active=draw(st.booleans()),
            weight=draw(st.sampled_from((0, 1, 100))),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]


@st.composite
def policies(draw: st.DrawFn) -> UseCasePolicy:
    """A policy that may name anybody, whether there or not."""
    named = st.sampled_from((*NAMES, "gone"))
    return UseCasePolicy(
        strategy=draw(st.sampled_from(STRATEGIES)),
        order=tuple(draw(st.lists(named, unique=True))),
        weights=draw(st.dictionaries(named, st.sampled_from((0, 1, 7, 1_000_000)))),
        canary=draw(st.none() | st.builds(Canary, named, st.sampled_from((0.01, 5.0, 50.0, 100.0)))),
        sticky=draw(st.booleans()),
    )


@st.composite
def moments(draw: st.DrawFn) -> Signals:
    """Paces, loads and a random number, each known or not."""
    paces = draw(st.dictionaries(st.sampled_from(NAMES), st.builds(Pace, st.floats(0, 20), st.integers(5, 20))))
    loads = draw(st.dictionaries(st.sampled_from(NAMES), st.builds(Load, st.integers(0, 20), st.integers(0, 20))))
    chance = draw(st.none() | st.floats(0, 1, exclude_max=True))
    return Signals(
        chance=lambda: chance,
        pace=lambda row: paces.get(row.name),
        load=lambda row: loads.get(row.name),
        tariff=PRICES.tariff,
    )


@settings(deadline=None, max_examples=150)
@given(rows(), policies(), moments(), st.sets(st.sampled_from(NAMES)))
def test_a_plan_is_a_permutation_of_who_can_serve(
    providers: list[ProviderConfig], policy: UseCasePolicy, told: Signals, resting: set[str]
) -> None:
    def availability(row: ProviderConfig) -> Absence | None:
        return Absence("resting", "rests", 5) if row.name in resting else None

    snapshot = Snapshot(providers, policies={"general": policy})
    found = select(ask(), snapshot, "acme", availability, told)
    named = {*policy.order, *([policy.canary.provider] if policy.canary else [])}
    considered = {
        row.name
        for row in providers
        if row.account_id in (None, "acme") and ("general" in row.use_cases or row.is_default or row.name in named)
    }
    able = {row.name for row in providers if row.name in considered and row.is_active and row.name not in resting}
    candidates = [each.provider.name for each in found.candidates]
    assert sorted(candidates) == sorted(able)
    assert sorted(each.provider.name for each in found.dropped) == sorted(considered - able)
    codes = {each.provider.name: each.code for each in found.dropped}
    assert all(
        codes[row.name] == ("resting" if row.is_active else "inactive") for row in providers if row.name in codes
    )
    assert all(each.reason for each in found.candidates)


@settings(deadline=None, max_examples=50)
@given(rows(), policies(), moments())
def test_the_same_moment_gives_the_same_plan(
    providers: list[ProviderConfig], policy: UseCasePolicy, told: Signals
) -> None:
    snapshot = Snapshot(providers, policies={"general": policy})
    first, second = (select(ask(), snapshot, "acme", lambda _: None, told) for _ in range(2))
    assert first.candidates == second.candidates

"""Whatever the configuration: nobody is lost, nobody is doubled, and no account sees another's providers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.errors import ModelNotFoundError, ValidationError
from router_core.selection import Absence, select
from router_core.types import Candidate, Capabilities, Dropped, Flags, LLMRequest, ProviderConfig, Snapshot
from tests.support.core_fakes import ask, provider

ACCOUNTS = ("acme", "rival")
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "claude-sonnet-4-5")
USE_CASES = ("draft", "complex", "general", "contracts")


@st.composite
def rows(draw: st.DrawFn) -> list[ProviderConfig]:
    """A list of provider rows with unique names."""
    return [
        provider(
            f"row-{number}",
            kind=draw(st.sampled_from(("openai", "anthropic"))),
            model=draw(st.sampled_from(MODELS)),
            account_id=draw(st.sampled_from((None, *ACCOUNTS))),
            use_cases=tuple(draw(st.lists(st.sampled_from(USE_CASES), max_size=3))),
            is_default=draw(st.booleans()),
            is_active=draw(st.booleans()),
            context_window=draw(st.sampled_from((8, 128_000))),
            capabilities=Capabilities(
                vision=draw(st.booleans()),
                tools=draw(st.booleans()),
                max_temperature=draw(st.sampled_from((None, 1.0, 2.0))),
            ),
        )
        for number in range(draw(st.integers(0, 7)))
    ]


@st.composite
def requests(draw: st.DrawFn) -> LLMRequest:
    """A request by use case, by model, or by provider name."""
    target = draw(
        st.one_of(
            st.sampled_from(USE_CASES).map(lambda each: {"use_case": each}),
            st.sampled_from(USE_CASES).map(lambda each: {"model_override": f"use-case:{each}"}),
            st.sampled_from(MODELS).map(lambda each: {"model_override": each}),
            st.integers(0, 7).map(lambda number: {"model_override": f"row-{number}"}),
        )
    )
    images = ("data:image/png;base64,AAAA",) if draw(st.booleans()) else ()
    return ask(images=images, temperature=draw(st.sampled_from((None, 0.7, 1.5))), **target)


def eligible(request: LLMRequest, providers: list[ProviderConfig], account_id: str | None) -> set[str]:
    """The names that the plan must account for: an independent reading of the selection rule."""
    visible = [each for each in providers if each.account_id in (None, account_id)]
    override = request.model_override
    if override is None or override.startswith("use-case:"):
        use_case = request.use_case if override is None else override.split(":", 1)[1]
        return {each.name for each in visible if use_case in each.use_cases or each.is_default}
    named = {each.name for each in visible if each.name == override}
    return named or {each.name for each in visible if each.model == override}


@settings(deadline=None, max_examples=300)
@given(rows(), requests(), st.sampled_from((None, *ACCOUNTS)), st.sets(st.integers(0, 7)), st.booleans())
def test_every_visible_provider_of_the_target_is_accounted_for_exactly_once(
    providers: list[ProviderConfig], request: LLMRequest, account_id: str | None, absent: set[int], flag: bool
) -> None:
    gone = {f"row-{number}" for number in absent}
    snapshot = Snapshot(providers, flags=Flags(openai=flag))
    try:
        plan = select(
            request, snapshot, account_id, lambda row: Absence("no_key", "no key") if row.name in gone else None
        )
    except ModelNotFoundError:
        assert request.model_override == "use-case:contracts" or not eligible(request, providers, account_id)
        return
    except ValidationError:
        assert request.use_case == "contracts"
        return
    considered: list[Candidate | Dropped] = [*plan.candidates, *plan.dropped]
    names = [each.provider.name for each in considered]
    assert len(names) == len(set(names))
    assert set(names) == eligible(request, providers, account_id)
    assert all(each.provider.account_id in (None, account_id) for each in considered)
    assert not gone & {each.provider.name for each in plan.candidates}
    assert all(1 <= each.max_tokens <= each.provider.max_tokens for each in plan.candidates)


@settings(deadline=None, max_examples=200)
@given(rows(), st.sampled_from(USE_CASES), st.sampled_from((None, *ACCOUNTS)))
def test_candidates_of_a_use_case_stand_in_the_promised_order(
    providers: list[ProviderConfig], use_case: str, account_id: str | None
) -> None:
    preferred = {"draft": "claude-haiku-4-5", "complex": "claude-sonnet-4-5", "general": "gpt-4o-mini"}.get(use_case)
    try:
        plan = select(ask(use_case=use_case), Snapshot(providers), account_id, lambda _: None)
    except ValidationError:
        return
    keys = [
        (use_case not in row.use_cases, row.account_id is None, row.model != preferred, row.is_default)
        for row in (each.provider for each in plan.candidates)
    ]
    listed = [key for key in keys if not key[0]]
    assert keys[: len(listed)] == listed == sorted(listed)
    assert [key[1] for key in keys[len(listed) :]] == sorted(key[1] for key in keys[len(listed) :])

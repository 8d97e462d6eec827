"""Which providers may serve a request, in which order, and why not the others."""

from typing import Any

import pytest

from router_core.errors import (
    CircuitBreakerOpenError,
    InvalidAPIKeyError,
    ModelNotFoundError,
    ProviderUnavailableError,
    TokenLimitExceededError,
    ValidationError,
)
from router_core.selection import Absence, estimate_input_tokens, explain, refusal, select
from router_core.types import (
    Capabilities,
    Flags,
    ImagePart,
    LLMRequest,
    Message,
    Plan,
    ProviderConfig,
    ResponseFormat,
    Snapshot,
    TextPart,
    ToolFormat,
)
from tests.support.core_fakes import ask, provider, standard_providers

MINI, GPT4O = "openai-gpt4o-mini", "openai-gpt4o"
HAIKU, SONNET = "anthropic-claude-haiku-4-5", "anthropic-claude-sonnet-4-5"
PICTURE = "data:image/png;base64,AAAA"
TOOLS = {"getWeather": ToolFormat(description="weather", parameters={"type": "object"})}
SCHEMA = ResponseFormat(type="json_schema", schema={"type": "object"})


def everyone(_: ProviderConfig) -> Absence | None:
    """Every provider is available."""
    return None


def plan_of(
    request: LLMRequest,
    providers: list[ProviderConfig] | Snapshot | None = None,
    account_id: str | None = None,
    availability: Any = everyone,
) -> Plan:
    rows = standard_providers() if providers is None else providers
    snapshot = rows if isinstance(rows, Snapshot) else Snapshot(rows)
    return select(request, snapshot, account_id, availability)


def names(plan: Plan) -> list[str]:
    return [each.provider.name for each in plan.candidates]


def drops(plan: Plan) -> dict[str, str]:
    return {each.provider.name: each.code for each in plan.dropped}


# --- order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use_case", "order"),
    [
        ("draft", [HAIKU, MINI]),
        ("summary", [HAIKU, MINI]),
        ("complex", [SONNET, GPT4O, MINI]),
        ("vision", [GPT4O, MINI]),
        ("general", [MINI]),
        ("voice", [MINI]),
    ],
)
def test_each_use_case_starts_with_its_optimal_model_and_ends_with_the_default(use_case: str, order: list[str]) -> None:
    assert names(plan_of(ask(use_case=use_case))) == order


@pytest.mark.parametrize("use_case", ["draft", "summary", "complex", "vision", "general", "voice"])
def test_order_does_not_depend_on_the_order_of_the_rows(use_case: str) -> None:
    assert names(plan_of(ask(use_case=use_case), standard_providers()[::-1])) == names(plan_of(ask(use_case=use_case)))


def test_the_default_provider_serves_a_use_case_that_no_row_lists() -> None:
    rows = [each for each in standard_providers() if "vision" not in each.use_cases]
    assert names(plan_of(ask(use_case="vision"), rows)) == [MINI]


def test_an_accounts_own_provider_comes_before_a_preferred_global_one() -> None:
    own = provider("own", model="gpt-4o", account_id="acme", use_cases=("draft",))
    assert names(plan_of(ask(use_case="draft"), [*standard_providers(), own], "acme")) == ["own", HAIKU, MINI]


def test_an_accounts_own_default_still_comes_before_global_rows() -> None:
    own = provider("openai-gpt4o-mini-acme", account_id="acme", use_cases=("draft", "summary"), is_default=True)
    rows = [*standard_providers(), own]
    assert names(plan_of(ask(use_case="draft"), rows, "acme")) == ["openai-gpt4o-mini-acme", HAIKU, MINI]


def test_preference_beats_non_default_within_one_scope() -> None:
    rows = [provider("other", model="gpt-4o"), provider("preferred", is_default=True)]
    assert names(plan_of(ask(use_case="general"), rows)) == ["preferred", "other"]


def test_non_default_comes_before_default_among_equals() -> None:
    rows = [provider("usual", is_default=True), provider("special")]
    assert names(plan_of(ask(use_case="general"), rows)) == ["special", "usual"]


def test_a_use_case_that_an_admin_added_is_served() -> None:
    rows = [*standard_providers(), provider("legal", model="gpt-4o", use_cases=("contracts",))]
    assert names(plan_of(ask(use_case="contracts"), rows)) == ["legal", MINI]


def test_a_provider_that_lists_a_use_case_twice_is_considered_once() -> None:
    assert names(plan_of(ask(), [provider("twice", use_cases=("general", "general"))])) == ["twice"]


def test_an_unknown_use_case_is_a_validation_error_of_its_field() -> None:
    with pytest.raises(ValidationError) as caught:
        plan_of(ask(use_case="astrology"))
    assert caught.value.field == "useCase"


def test_a_use_case_known_only_to_another_account_is_unknown() -> None:
    rows = [*standard_providers(), provider("theirs", account_id="rival", use_cases=("merger",))]
    with pytest.raises(ValidationError):
        plan_of(ask(use_case="merger"), rows, "acme")
    assert names(plan_of(ask(use_case="merger"), rows, "rival")) == ["theirs", MINI]


# --- explicit override ---------------------------------------------------------------------------------------------


def test_an_explicit_model_stays_among_providers_of_that_model() -> None:
    rows = [*standard_providers(), provider("second-mini")]
    assert names(plan_of(ask(model_override="gpt-4o-mini"), rows)) == ["second-mini", MINI]


def test_an_explicit_model_prefers_the_accounts_own_row_even_when_it_is_the_accounts_default() -> None:
    own = provider("own", account_id="acme", is_default=True)
    rows = [provider("global"), own]
    assert names(plan_of(ask(model_override="gpt-4o-mini"), rows, "acme")) == ["own", "global"]


def test_an_explicit_model_ignores_the_use_case() -> None:
    assert names(plan_of(ask(use_case="draft", model_override="gpt-4o"))) == [GPT4O]


def test_an_explicit_provider_name_has_no_failover() -> None:
    rows = [*standard_providers(), provider("second-mini")]
    assert names(plan_of(ask(model_override=MINI), rows)) == [MINI]


def test_a_model_of_the_form_use_case_is_a_use_case() -> None:
    assert names(plan_of(ask(model_override="use-case:complex"))) == [SONNET, GPT4O, MINI]


def test_an_unknown_use_case_in_that_form_is_a_model_that_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError):
        plan_of(ask(model_override="use-case:astrology"))


@pytest.mark.parametrize("override", ["gpt-9", "rival-row", "rival-model"])
def test_an_unknown_or_foreign_model_is_not_found(override: str) -> None:
    rows = [*standard_providers(), provider("rival-row", model="rival-model", account_id="rival")]
    with pytest.raises(ModelNotFoundError) as caught:
        plan_of(ask(model_override=override), rows, "acme")
    assert (caught.value.code, caught.value.status_code) == ("MODEL_NOT_FOUND", 404)


# --- reasons to drop -----------------------------------------------------------------------------------------------

ABSENT = {
    "no_key": Absence("no_key", "API key not found for provider: openai"),
    "breaker_open": Absence("breaker_open", "open", 45_000),
}


@pytest.mark.parametrize(
    ("row", "request_fields", "code"),
    [
        ({"is_active": False}, {}, "inactive"),
        ({"capabilities": Capabilities(vision=False)}, {"images": (PICTURE,)}, "vision"),
        (
            {"capabilities": Capabilities(vision=False)},
            {"messages": (Message(role="user", content=(ImagePart(image=PICTURE),)),)},
            "vision",
        ),
        ({"capabilities": Capabilities(tools=False)}, {"tools": TOOLS}, "tools"),
        ({"capabilities": Capabilities(json_schema=False)}, {"response_format": SCHEMA}, "json_schema"),
        ({"capabilities": Capabilities(max_temperature=1.0)}, {"temperature": 1.5}, "temperature"),
        ({"context_window": 50}, {"prompt": "word " * 200}, "context"),
    ],
)
def test_a_provider_that_cannot_take_the_request_is_dropped_with_the_reason(
    row: dict[str, Any], request_fields: dict[str, Any], code: str
) -> None:
    plan = plan_of(ask(**request_fields), [provider("unfit", **row), provider("fit", is_default=True)])
    assert drops(plan) == {"unfit": code}
    assert names(plan) == ["fit"]
    assert all(each.reason for each in plan.dropped)


@pytest.mark.parametrize("code", ["no_key", "breaker_open"])
def test_a_provider_that_is_not_available_is_dropped_with_the_reason(code: str) -> None:
    rows = [provider("absent"), provider("present", is_default=True)]
    plan = plan_of(ask(), rows, availability=lambda row: ABSENT[code] if row.name == "absent" else None)
    assert drops(plan) == {"absent": code}
    assert names(plan) == ["present"]


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        (Flags(), [SONNET, GPT4O, MINI]),
        (Flags(anthropic=False), [GPT4O, MINI]),
        (Flags(openai=False), [SONNET]),
        (Flags(llm=False), []),
    ],
)
def test_feature_flags_take_vendors_out(flags: Flags, kept: list[str]) -> None:
    plan = plan_of(ask(use_case="complex"), Snapshot(standard_providers(), flags=flags))
    assert names(plan) == kept
    assert set(drops(plan).values()) <= {"flag_off"}


def test_temperature_above_one_drops_anthropic_only() -> None:
    plan = plan_of(ask(use_case="complex", temperature=1.5))
    assert names(plan) == [GPT4O, MINI]
    assert drops(plan) == {SONNET: "temperature"}


def test_temperature_of_exactly_the_limit_is_taken() -> None:
    assert names(plan_of(ask(use_case="complex", temperature=1.0)))[0] == SONNET


def test_a_model_that_takes_no_temperature_is_kept_at_any() -> None:
    assert names(plan_of(ask(temperature=2.0), [provider("o-series", capabilities=Capabilities(max_temperature=None))]))


def test_capabilities_that_the_request_does_not_need_do_not_matter() -> None:
    bare = Capabilities(vision=False, tools=False, json_schema=False)
    assert names(plan_of(ask(), [provider("bare", capabilities=bare)])) == ["bare"]


# --- output limit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "effective"), [(None, 16_384), (500, 500), (16_384, 16_384), (1_000_000, 16_384)])
def test_the_output_limit_is_capped_by_the_row(asked: int | None, effective: int) -> None:
    assert plan_of(ask(max_tokens=asked)).candidates[0].max_tokens == effective


def test_each_candidate_has_its_own_output_limit() -> None:
    plan = plan_of(ask(use_case="complex", max_tokens=30_000))
    assert [each.max_tokens for each in plan.candidates] == [30_000, 16_384, 16_384]


def test_the_output_limit_leaves_room_for_the_input() -> None:
    plan = plan_of(ask("word " * 400), [provider("small", context_window=1_000)])
    assert plan.candidates[0].max_tokens + plan.estimated_input_tokens == 1_000


# --- refusals ------------------------------------------------------------------------------------------------------


def refused(request: LLMRequest, providers: Any, availability: Any = everyone) -> Exception:
    plan = plan_of(request, providers, availability=availability)
    assert not plan.candidates
    return refusal(plan, availability)


@pytest.mark.parametrize(
    ("row", "request_fields", "error"),
    [
        ({"is_active": False}, {}, ProviderUnavailableError),
        ({"capabilities": Capabilities(vision=False)}, {"images": (PICTURE,)}, ProviderUnavailableError),
        ({"capabilities": Capabilities(tools=False)}, {"tools": TOOLS}, ProviderUnavailableError),
        ({"capabilities": Capabilities(json_schema=False)}, {"response_format": SCHEMA}, ProviderUnavailableError),
        ({"capabilities": Capabilities(max_temperature=1.0)}, {"temperature": 1.5}, ValidationError),
        ({"context_window": 50}, {"prompt": "word " * 200}, TokenLimitExceededError),
    ],
)
def test_a_request_that_nobody_can_take_is_refused_for_the_reason(
    row: dict[str, Any], request_fields: dict[str, Any], error: type[Exception]
) -> None:
    assert isinstance(refused(ask(**request_fields), [provider("only", **row)]), error)


def test_the_refusal_for_temperature_names_the_field() -> None:
    error = refused(ask(temperature=1.5), [provider("only", capabilities=Capabilities(max_temperature=1.0))])
    assert isinstance(error, ValidationError)
    assert error.field == "temperature"


def test_flags_off_are_provider_unavailable() -> None:
    error = refused(ask(), Snapshot(standard_providers(), flags=Flags(llm=False)))
    assert isinstance(error, ProviderUnavailableError)


def test_no_provider_at_all_is_provider_unavailable() -> None:
    assert isinstance(refused(ask(), []), ProviderUnavailableError)


def test_a_missing_key_is_refused_with_the_originals_message() -> None:
    error = refused(ask(), [provider("only")], lambda _: ABSENT["no_key"])
    assert isinstance(error, InvalidAPIKeyError)
    assert error.message == "API key not found for provider: openai"


def test_open_breakers_are_refused_with_the_smallest_wait() -> None:
    waits = {MINI: 45_000, GPT4O: 12_000, SONNET: 60_000}
    error = refused(ask(use_case="complex"), None, lambda row: Absence("breaker_open", "open", waits[row.name]))
    assert isinstance(error, CircuitBreakerOpenError)
    assert error.cooldown_remaining == error.retry_after_ms == 12_000


def test_an_open_breaker_explains_a_refusal_better_than_anything_else() -> None:
    rows = [provider("off", is_active=False), provider("open")]
    error = refused(ask(), rows, lambda _: ABSENT["breaker_open"])
    assert isinstance(error, CircuitBreakerOpenError)


# --- trace and estimate --------------------------------------------------------------------------------------------


def test_the_trace_names_every_provider_considered_with_its_reason() -> None:
    request, snapshot = ask(use_case="complex", temperature=1.5), Snapshot(standard_providers(), revision=7)
    decision = explain(request, snapshot, select(request, snapshot, None, everyone))
    assert (decision.use_case, decision.revision) == ("complex", 7)
    assert {each.provider: each.kept for each in decision.considered} == {GPT4O: True, MINI: True, SONNET: False}
    assert all(each.reason for each in decision.considered)
    assert decision.attempts == ()


def test_the_trace_of_a_use_case_given_as_model_names_that_use_case() -> None:
    request, snapshot = ask(model_override="use-case:draft"), Snapshot(standard_providers())
    assert explain(request, snapshot, select(request, snapshot, None, everyone)).use_case == "draft"


def test_more_input_never_means_a_smaller_estimate() -> None:
    small = ask(messages=(Message(role="user", content="hello"),))
    picture = Message(role="user", content=(TextPart(text="hello"), ImagePart(image=PICTURE)))
    assert estimate_input_tokens(ask("x" * 4_000)) >= 1_000
    assert estimate_input_tokens(ask(messages=(picture,))) >= estimate_input_tokens(small) + 500
    assert estimate_input_tokens(ask(tools=TOOLS)) > estimate_input_tokens(ask())
    assert estimate_input_tokens(ask(system_prompt="be brief " * 9)) > estimate_input_tokens(ask())

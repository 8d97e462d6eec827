"""Documents of the configuration: every fault by its field, what differs, and that they go round unchanged."""

import copy
import json
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from router_core.configuration.changes import changes_between, in_words
from router_core.configuration.checks import check_configuration
from router_core.configuration.documents import document_of
from router_core.configuration.reading import read_configuration
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.types import (
    Canary,
    Capabilities,
    Configuration,
    Flags,
    ProviderConfig,
    ProviderLimits,
    UseCasePolicy,
)
from tests.support.core_fakes import provider, standard_providers

STANDARD = Configuration(providers=tuple(standard_providers()))
RULE = UpstreamRule(
    allowed=("llm.internal", "10.0.0.0/8", "127.0.0.1"),
    trusted=MappingProxyType({"openai": "http://127.0.0.2:9100/v1"}),
)


def document(**changes: Any) -> dict[str, Any]:
    """Return the standard document with fields of its first provider changed."""
    found = copy.deepcopy(document_of(STANDARD))
    found["providers"][0].update(changes)
    return found


def read(raw: Any) -> tuple[Configuration | None, dict[str, str]]:
    """Return what a document asks for over the standard one, and its faults by path."""
    ids = iter(f"new-{number}" for number in range(1000))
    found, findings = read_configuration(raw, STANDARD, lambda: next(ids))
    return found, {each.path: each.message for each in findings}


def judged(configuration: Configuration, severity: str, *accounts: str) -> dict[str, str]:
    """Return what is wrong with a configuration that could be read, by path."""
    found = check_configuration(configuration, accounts, RULE)
    return {each.path: each.message for each in found if each.severity == severity}


# --- reading -------------------------------------------------------------------------------------------------------


FIRST = "providers[openai-gpt4o-mini]"


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"weight": "heavy"}, f"{FIRST}.weight", "must be a whole number, not text"),
        ({"wieght": 1}, f"{FIRST}.wieght", "unknown field; did you mean weight?"),
        ({"kind": "acme"}, f"{FIRST}.kind", "must be one of openai, anthropic"),
        ({"sealedKey": "x"}, f"{FIRST}.sealedKey", "unknown field"),
        ({"capabilities": {"vision": 1}}, f"{FIRST}.capabilities.vision", "must be true or false, not a whole number"),
        ({"capabilities": None}, f"{FIRST}.capabilities", "must be an object"),
        ({"limits": {"burst": 3}}, f"{FIRST}.limits.burst", "needs requestsPerSecond"),
        ({"useCases": 7}, f"{FIRST}.useCases", "must be a list, not a whole number"),
        ({"accountId": 7}, f"{FIRST}.accountId", "must be text, not a whole number"),
        ({"name": 7}, "providers[0].name", "must be text, not a whole number"),
        ({"name": "new\nline", "weight": None}, "providers[0].weight", "is needed"),
    ],
)
def test_a_fault_is_named_by_its_field_and_quotes_no_value(changes: dict[str, Any], path: str, said: str) -> None:
    found, faults = read(document(**changes))
    assert found is None
    assert faults == {path: faults[path]}
    assert faults[path].startswith(said)


def test_all_faults_of_a_document_are_found_at_once() -> None:
    raw = document(weight="heavy", maxTokens=None)
    raw["providers"].append({"name": "half"})
    raw["providers"].append("nothing")
    raw["policies"] = {"draft": {"idleS": 0}, "voice": {"canary": {"provider": "x", "percent": 200}}}
    raw["preferences"] = {"draft": 7}
    raw["flags"] = {"llm": "yes"}
    raw["prices"] = {}
    _, faults = read(raw)
    assert set(faults) == {
        f"{FIRST}.weight", f"{FIRST}.maxTokens", "providers[half].kind", "providers[half].model",
        "providers[half].useCases", "providers[half].maxTokens", "providers[half].contextWindow", "providers[5]",
        "policies[draft].idleS", "policies[voice].canary.percent", "preferences[draft]", "flags.llm", "prices",
    }  # fmt: skip


@pytest.mark.parametrize("raw", [None, [], "text", 7, {"providers": {}}, {"providers": None}, {"policies": []}])
def test_what_is_no_document_is_a_fault_and_no_crash(raw: Any) -> None:
    found, faults = read(raw)
    assert found is None
    assert faults


def test_sections_that_are_left_out_stay_as_they_are() -> None:
    found, _ = read({"flags": {"openai": False}})
    assert found == structs.replace(STANDARD, flags=Flags(openai=False))
    assert read({})[0] == STANDARD


def test_an_entry_is_the_row_of_its_id_else_of_its_name_else_a_new_one() -> None:
    raw = document()
    del raw["providers"][0]["id"]
    raw["providers"][1]["name"] = "renamed"
    raw["providers"].append({**raw["providers"][2], "id": "elsewhere", "name": "copy"})
    raw["providers"].append({**raw["providers"][3], "name": "fresh"})
    del raw["providers"][5]["id"]
    found, _ = read(raw)
    assert found is not None
    assert [row.id for row in found.providers] == [
        *(row.id for row in STANDARD.providers), "elsewhere", "new-0",
    ]  # fmt: skip


def test_a_row_keeps_the_counter_of_its_changes() -> None:
    counted = structs.replace(STANDARD.providers[0], version=9)
    current = structs.replace(STANDARD, providers=(counted, *STANDARD.providers[1:]))
    found, _ = read_configuration(document(weight=1), current, lambda: "new")
    assert found is not None
    row = found.providers[0]
    assert (row.version, row.weight) == (9, 1)


# --- checks --------------------------------------------------------------------------------------------------------


def test_the_standard_configuration_is_sound() -> None:
    assert judged(STANDARD, "error") == judged(STANDARD, "warning") == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "openai-gpt4o"}, "name"),
        ({"name": " "}, "name"),
        *(({"name": name}, "name") for name in ("..", ".", "-a", "a/b", "a b", "use-case:draft", "ä", "OpenAI-GPT4o")),
        ({"name": "gpt-4o"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"model": ""}, "model"),
        ({"use_cases": ("draft", "draft")}, "useCases"),
        ({"use_cases": ("no name",)}, "useCases"),
        ({"max_tokens": 0}, "maxTokens"),
        ({"context_window": 100}, "contextWindow"),
        ({"context_window": 2**31}, "contextWindow"),
        ({"weight": -1}, "weight"),
        ({"account_id": "nobody"}, "accountId"),
        ({"base_url": "https://evil.example/v1"}, "baseUrl"),
        ({"capabilities": Capabilities(max_temperature=3.0)}, "capabilities.maxTemperature"),
    ],
)
def test_a_row_that_cannot_be_in_force_is_an_error_at_its_field(changes: dict[str, Any], field: str) -> None:
    wrong = structs.replace(STANDARD.providers[2], **changes)
    rows = (*STANDARD.providers[:2], wrong, STANDARD.providers[3])
    faults = judged(structs.replace(STANDARD, providers=rows), "error")
    assert f"providers[{wrong.name}].{field}" in faults


@pytest.mark.parametrize("name", ["..", "a/b", "use-case:draft", "OpenAI-GPT4o", "gpt-4o"])
def test_a_name_that_is_refused_today_stays_where_it_is_in_force_already(name: str) -> None:
    odd = structs.replace(STANDARD.providers[2], name=name)
    current = structs.replace(STANDARD, providers=(*STANDARD.providers[:2], odd, STANDARD.providers[3]))
    found = check_configuration(current, (), RULE, current)
    assert {each.severity for each in found} == {"warning"}
    assert f"providers[{name}].name" in {each.path for each in found}
    assert f"providers[{name}].name" in judged(current, "error")


@pytest.mark.parametrize("name", ["openai", "anthropic", "claude-haiku-4-5", "a", "0_.-"])
def test_a_name_that_means_one_row_alone_is_good(name: str) -> None:
    named = structs.replace(STANDARD.providers[2], name=name)
    rows = (*STANDARD.providers[:2], named, STANDARD.providers[3])
    assert judged(structs.replace(STANDARD, providers=rows), "error") == {}


@pytest.mark.parametrize(
    ("changes", "field", "bound"),
    [
        ({"max_tokens": 10**30, "context_window": 10**31}, "maxTokens", "2147483647"),
        ({"context_window": 10**30}, "contextWindow", "2147483647"),
        ({"weight": 10**30}, "weight", "1000000"),
    ],
)
def test_a_number_that_is_too_large_is_told_how_large_it_may_be(
    changes: dict[str, Any], field: str, bound: str
) -> None:
    wrong = structs.replace(STANDARD.providers[0], **changes)
    faults = judged(structs.replace(STANDARD, providers=(wrong, *STANDARD.providers[1:])), "error")
    assert bound in faults[f"{FIRST}.{field}"]


def test_only_a_name_that_is_like_the_unknown_one_is_suggested() -> None:
    _, faults = read({"flags": {"nope": True, "opneai": True}})
    assert faults == {"flags.nope": "unknown field", "flags.opneai": "unknown field; did you mean openai?"}


def test_the_only_default_may_not_be_switched_off_but_may_be_off_where_it_is_already() -> None:
    off = tuple(structs.replace(row, is_active=not row.is_default) for row in STANDARD.providers)
    wanted = structs.replace(STANDARD, providers=off)
    for current, severity in ((STANDARD, "error"), (wanted, "warning")):
        found = check_configuration(wanted, (), RULE, current)
        assert [each.severity for each in found if each.path == "providers"] == [severity]
    second = (off[0], structs.replace(off[1], is_default=True), *off[2:])
    assert judged(structs.replace(STANDARD, providers=second), "error") == {}


def test_what_only_looks_wrong_is_a_warning() -> None:
    off = [structs.replace(row, is_active=row.is_default, weight=0) for row in STANDARD.providers]
    off[0] = structs.replace(off[0], use_cases=())
    policies = {"nobodys": UseCasePolicy(), "draft": UseCasePolicy(canary=Canary(off[1].name, 5.0))}
    configuration = structs.replace(STANDARD, providers=tuple(off), policies=policies, preferences={"draft": "gpt-9"})
    assert judged(configuration, "error") == {}
    warnings = judged(configuration, "warning")
    assert {"useCases[draft]", "policies[nobodys]", "preferences[draft]"} <= set(warnings)
    assert "policies[draft].canary.provider" in warnings


def test_a_policy_that_names_a_provider_that_is_not_there_is_a_warning() -> None:
    policies = {"draft": UseCasePolicy(order=("gone",), canary=Canary("gone", 5.0))}
    faults = judged(structs.replace(STANDARD, policies=policies), "warning")
    assert set(faults) == {"policies[draft].order", "policies[draft].canary.provider"}


def test_weights_that_are_all_nothing_are_a_warning_where_they_decide() -> None:
    rows = tuple(structs.replace(row, weight=0) for row in STANDARD.providers)
    by_weight = structs.replace(STANDARD, providers=rows, policies={"draft": UseCasePolicy(strategy="weighted")})
    assert set(judged(by_weight, "warning")) == {"policies[draft].weights"}


def test_without_a_default_provider_nothing_is_put_in_force() -> None:
    rows = tuple(structs.replace(row, is_default=False) for row in STANDARD.providers)
    assert "providers" in judged(structs.replace(STANDARD, providers=rows), "error")
    own = provider("own", is_default=True, account_id="acme")
    assert "providers" in judged(structs.replace(STANDARD, providers=(own,)), "error", "acme")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.openai.com/v1", True),
        ("http://api.openai.com/v1", False),
        ("https://api.openai.com:443/v1", True),
        ("https://API.OpenAI.com", True),
        ("https://api.openai.com:8443/v1", False),
        ("https://api.openai.com/../..", False),
        ("https://api.openai.com/v1/./x", False),
        ("https://api.openai.com/%2e%2E/x", False),
        ("http://127.0.0.1:1/v1/..", False),
        ("https://api.openai.com/v1.0/..x", True),
        ("https://api.anthropic.com", False),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://api.openai.com@evil.example/v1", False),
        ("http://127.0.0.2:9100/v1/", True),
        ("http://127.0.0.2:9101/v1", False),
        ("http://llm.internal:8000/v1", True),
        ("http://LLM.internal./v1", True),
        ("http://xllm.internal/v1", False),
        ("http://10.1.2.3/v1", True),
        ("http://11.1.2.3/v1", False),
        ("http://127.0.0.1:1/v1", True),
        ("http://[::1]/v1", False),
        ("http://169.254.169.254/latest", False),
        ("http://localhost/v1", False),
        ("http://2130706433/v1", False),
        ("http://0x7f.1/v1", False),
        ("ftp://llm.internal/v1", False),
        ("http://llm.internal/v1?key=x", False),
        ("http://llm.internal/v1#x", False),
        ("http://user@llm.internal/v1", False),
        ("http://llm.internal:port/v1", False),
        ("http://llm.internal/\n", False),
        ("http://[::1/v1", False),
        ("//llm.internal", False),
        ("", False),
    ],
)
def test_a_base_url_leads_only_where_it_may(url: str, allowed: bool) -> None:
    assert (RULE.fault("openai", url) is None) is allowed


# --- differences ---------------------------------------------------------------------------------------------------


def test_what_differs_is_told_field_by_field() -> None:
    new = document(weight=5, name="mini")
    new["providers"][0]["capabilities"]["vision"] = False
    removed = new["providers"].pop(1)
    new["providers"].append({**removed, "id": "other", "name": "other"})
    new["policies"]["draft"] = {"hedge": True}
    new["preferences"]["draft"] = "gpt-4o"
    new["flags"]["openai"] = False
    found = changes_between(document(), new)
    assert [(each.kind, each.path) for each in found] == [
        ("changed", "flags.openai"), ("changed", "preferences[draft]"), ("added", "policies[draft]"),
        ("removed", "providers[openai-gpt4o]"), ("changed", f"{FIRST}.name"),
        ("changed", f"{FIRST}.capabilities.vision"), ("changed", f"{FIRST}.weight"), ("added", "providers[other]"),
    ]  # fmt: skip
    words = [in_words(each) for each in found]
    assert words[0] == "~ flags.openai: true → false"
    assert words[3] == "- providers[openai-gpt4o]"
    assert words[6] == f"~ {FIRST}.weight: 100 → 5"


def test_another_order_of_providers_is_a_change() -> None:
    new = document()
    new["providers"].reverse()
    (change,) = changes_between(document(), new)
    assert change.path == "providers"
    assert change.new == list(reversed(change.old))


# --- round trips ---------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["C"]), min_size=1, max_size=12)
USE_CASES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)
TOKENS = st.integers(1, 2**31 - 1)
POLICIES = st.builds(
    UseCasePolicy,
    idle_s=st.none() | st.floats(0.5, 100),
    hedge=st.booleans(),
    hedge_after_ms=st.none() | st.integers(1, 60_000),
    strategy=st.sampled_from(["priority", "weighted", "cheapest"]),
    order=st.lists(NAMES, unique=True, max_size=3).map(tuple),
    weights=st.dictionaries(NAMES, st.integers(0, 9), max_size=2),
    canary=st.none() | st.builds(Canary, NAMES, st.floats(1, 100)),
)


@st.composite
def rows(draw: st.DrawFn) -> ProviderConfig:
    low, high = sorted([draw(TOKENS), draw(TOKENS)])
    return ProviderConfig(
        id=draw(NAMES),
        name=draw(NAMES),
        kind=draw(st.sampled_from(["openai", "anthropic"])),
        model=draw(NAMES),
        use_cases=tuple(draw(st.lists(USE_CASES, unique=True, max_size=3))),
        max_tokens=low,
        context_window=high,
        account_id=draw(st.none() | NAMES),
        is_default=draw(st.booleans()),
        is_active=draw(st.booleans()),
        base_url=draw(st.none() | NAMES),
        capabilities=draw(st.builds(Capabilities, vision=st.booleans(), max_temperature=st.none() | st.floats(0, 2))),
        limits=draw(st.builds(ProviderLimits, max_concurrency=st.none() | st.integers(1, 99))),
        weight=draw(st.integers(0, 1000)),
        version=draw(st.integers(1, 5)),
    )


CONFIGURATIONS = st.builds(
    Configuration,
    providers=st.lists(rows(), max_size=4, unique_by=(lambda row: row.id, lambda row: row.name)).map(tuple),
    preferences=st.dictionaries(USE_CASES, NAMES, max_size=3),
    policies=st.dictionaries(USE_CASES, POLICIES, max_size=3),
    flags=st.builds(Flags, llm=st.booleans(), openai=st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(configuration=CONFIGURATIONS)
def test_a_document_read_back_is_the_configuration_with_its_keys_by_json_and_by_yaml(
    configuration: Configuration,
) -> None:
    written = document_of(configuration)
    for raw in (json.loads(json.dumps(written)), yaml.safe_load(yaml.safe_dump(written, sort_keys=False))):
        found, findings = read_configuration(raw, configuration, lambda: "never")
        assert findings == ()
        assert found == configuration
        assert changes_between(written, document_of(configuration)) == ()

"""Who is asked first under a policy, who follows, and what the decision trace says of it."""

import pytest
from msgspec import structs

from router_core.selection import Absence, explain, select
from router_core.types import Canary, Load, Pace, Snapshot, UseCasePolicy
from tests.support.core_fakes import PRICES, ask, provider, standard_providers
from tests.support.strategy_scenes import THREE, everyone, names, plan, reasons, signals

HAIKU, MINI, SONNET = "anthropic-claude-haiku-4-5", "openai-gpt4o-mini", "anthropic-claude-sonnet-4-5"
OWN = provider("own", model="gpt-4o", account_id="acme")


# --- order ---------------------------------------------------------------------------------------------------------


def test_an_order_is_kept_and_who_is_not_named_follows() -> None:
    found = plan(UseCasePolicy(order=("c", "a")))
    assert names(found) == ["c", "a", "b"]
    assert reasons(found) == {
        "c": "order: 1 of 2", "a": "order: 2 of 2", "b": "not in the order, preferred model for general",
    }  # fmt: skip


def test_naming_a_provider_is_enough_for_it_to_serve_the_use_case() -> None:
    rows = [*THREE, provider("elsewhere", use_cases=("draft",))]
    assert names(plan(UseCasePolicy(order=("elsewhere",)), rows=rows))[0] == "elsewhere"


def test_an_order_puts_a_global_provider_before_the_accounts_own() -> None:
    rows = [*THREE, OWN]
    assert names(plan(UseCasePolicy(), rows=rows, account_id="acme"))[0] == "own"
    assert names(plan(UseCasePolicy(order=("a", "own")), rows=rows, account_id="acme"))[:2] == ["a", "own"]


def test_a_provider_of_another_account_is_passed_over_though_it_is_named() -> None:
    found = plan(UseCasePolicy(order=("own", "a"), canary=Canary("own", 100)), signals(0.0), rows=[*THREE, OWN])
    assert names(found) == ["a", "b", "c"]
    assert found.dropped == ()


def test_who_is_gone_or_renamed_is_passed_over_and_the_rest_serves() -> None:
    policy = UseCasePolicy(strategy="weighted", order=("gone", "c"), weights={"gone": 9}, canary=Canary("gone", 50))
    assert names(plan(policy, signals(0.1))) == ["c", "b", "a"]


def test_the_default_provider_comes_last_whatever_the_strategy() -> None:
    rows = [*THREE, provider("usual", use_cases=("draft",), is_default=True, model="gpt-4o-mini")]
    for strategy in ("weighted", "cheapest", "fastest", "least_busy"):
        found = plan(UseCasePolicy(strategy=strategy), signals(0.5), rows=rows)
        assert names(found)[-1] == "usual", strategy
        assert reasons(found)["usual"] == "default provider"


@pytest.mark.parametrize("strategy", ["weighted", "cheapest", "fastest", "least_busy"])
def test_an_accounts_own_providers_stay_before_global_ones_under_every_strategy(strategy) -> None:
    dear = provider("dear", model="claude-sonnet-4-5", account_id="acme", weight=0)
    told = signals(0.99, loads={"dear": Load(9, 10)}, paces={"a": Pace(0.1, 20)})
    assert names(plan(UseCasePolicy(strategy=strategy), told, rows=[*THREE, dear], account_id="acme"))[0] == "dear"


@pytest.mark.parametrize("strategy", ["priority", "weighted", "cheapest", "fastest", "least_busy"])
def test_an_explicit_model_or_provider_goes_past_every_policy(strategy) -> None:
    policy = UseCasePolicy(strategy=strategy, order=("c", "b"), canary=Canary("c", 100))
    for override, served in (("gpt-4o", ["a"]), ("b", ["b"])):
        found = plan(policy, signals(0.0), model_override=override)
        assert names(found) == served
        assert all(each.reason.startswith("explicit") for each in found.candidates)


# --- weighted ------------------------------------------------------------------------------------------------------


def test_the_trace_says_each_weight_out_of_all_that_can_serve() -> None:
    policy = UseCasePolicy(strategy="weighted", weights={"a": 70, "b": 30, "c": 0})
    found = plan(policy, signals(0.9))
    assert names(found) == ["b", "a", "c"]
    assert reasons(found) == {
        "a": "weighted: 70 of 100", "b": "weighted: 30 of 100", "c": "weighted: 0 of 100, only when the others fail",
    }  # fmt: skip


def test_a_weight_of_the_policy_goes_before_that_of_the_row() -> None:
    rows = [structs.replace(THREE[0], weight=40), structs.replace(THREE[1], weight=1)]
    found = plan(UseCasePolicy(strategy="weighted", weights={"b": 60}), rows=rows)
    assert reasons(found) == {"b": "weighted: 60 of 100", "a": "weighted: 40 of 100"}


def test_where_nobody_has_a_weight_the_order_stays() -> None:
    policy = UseCasePolicy(strategy="weighted", order=("c", "b", "a"), weights={"a": 0, "b": 0, "c": 0})
    assert names(plan(policy, signals(0.7))) == ["c", "b", "a"]


def test_who_cannot_serve_has_no_share() -> None:
    def without_a(row):
        return Absence("breaker_open", "open", 900) if row.name == "a" else None

    policy = UseCasePolicy(strategy="weighted", weights={"a": 98, "b": 1, "c": 1})
    found = plan(policy, signals(0.0), availability=without_a)
    assert reasons(found) == {"b": "weighted: 1 of 2", "c": "weighted: 1 of 2"}
    assert [(each.provider.name, each.reason) for each in found.dropped] == [("a", "open")]


# --- cheapest ------------------------------------------------------------------------------------------------------


def test_the_cheapest_for_this_request_is_first_with_its_price() -> None:
    found = plan(UseCasePolicy(strategy="cheapest"), prompt="x" * 3_200)
    assert names(found) == ["b", "c", "a"]
    assert reasons(found) == {
        "b": "cheapest: $0.0003006 for about 804 + 300 tokens",
        "c": "cheapest: $0.002304 for about 804 + 300 tokens",
        "a": "cheapest: $0.005010 for about 804 + 300 tokens",
    }


def test_a_shorter_answer_that_is_asked_for_is_what_counts() -> None:
    found = plan(UseCasePolicy(strategy="cheapest"), prompt="x" * 3_200, max_tokens=40)
    assert reasons(found)["b"].endswith("for about 804 + 40 tokens")


def test_answers_that_are_longer_as_a_rule_make_output_decide() -> None:
    rows = [provider("reads", model="gpt-4o-mini"), provider("writes", model="claude-haiku-4-5")]
    assert names(plan(UseCasePolicy(strategy="cheapest"), signals(output=5_000), rows=rows)) == ["reads", "writes"]


def test_a_model_without_a_price_comes_last_and_the_trace_says_so() -> None:
    rows = [provider("free", model="unheard-of"), *THREE]
    found = plan(UseCasePolicy(strategy="cheapest"), rows=rows)
    assert names(found)[-1] == "free"
    assert reasons(found)["free"] == "cheapest: no price is known for unheard-of, so it comes last"


# --- fastest -------------------------------------------------------------------------------------------------------


def test_the_fastest_is_first_and_the_trace_says_how_fast() -> None:
    paces = {"a": Pace(0.21, 20), "b": Pace(1.5, 7), "c": Pace(0.4, 20)}
    found = plan(UseCasePolicy(strategy="fastest"), signals(0.0, paces=paces))
    assert names(found) == ["a", "c", "b"]
    assert reasons(found)["a"] == "fastest: 210 ms to first token (p50 of 20)"
    assert reasons(found)["b"] == "fastest: 1,500 ms to first token (p50 of 7)"


def test_before_anything_is_known_the_order_holds() -> None:
    policy = UseCasePolicy(strategy="fastest", order=("c", "b", "a"))
    found = plan(policy, signals(0.0))
    assert names(found) == ["c", "b", "a"]
    assert set(reasons(found).values()) == {"fastest: too few first tokens lately"}


@pytest.mark.parametrize(("chance", "first"), [(0.0, "b"), (0.049, "c"), (0.05, "a"), (0.99, "a")])
def test_a_small_share_finds_out_how_fast_the_others_are(chance: float, first: str) -> None:
    found = plan(UseCasePolicy(strategy="fastest"), signals(chance, paces={"a": Pace(0.2, 20)}))
    assert names(found)[0] == first
    if first != "a":
        assert reasons(found)[first] == "fastest: 5 % of streams find out who is fast"


def test_what_is_no_stream_finds_out_nothing_and_so_goes_to_the_fastest_known() -> None:
    told = structs.replace(signals(0.0, paces={"a": Pace(0.2, 20)}), streamed=False)
    assert names(plan(UseCasePolicy(strategy="fastest"), told)) == ["a", "b", "c"]


# --- least busy ----------------------------------------------------------------------------------------------------


def test_the_smallest_share_of_its_calls_at_once_is_first() -> None:
    loads = {"a": Load(4, 100), "b": Load(3, 20), "c": Load(0, 1)}
    found = plan(UseCasePolicy(strategy="least_busy"), signals(0.9, loads=loads))
    assert names(found) == ["c", "a", "b"]
    assert reasons(found)["b"] == "least busy: 3 of 20 calls"


# --- canary --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["priority", "weighted", "cheapest", "fastest", "least_busy"])
def test_a_canary_is_first_for_its_share_and_last_for_the_rest(strategy) -> None:
    policy = UseCasePolicy(strategy=strategy, canary=Canary("b", 2.5))
    hit, miss = plan(policy, signals(0.0249)), plan(policy, signals(0.025))
    assert (names(hit)[0], names(miss)[-1]) == ("b", "b")
    assert reasons(hit)["b"] == "canary: 2.5 % of requests"
    assert reasons(miss)["b"] == "canary: 2.5 % of requests, not this one"


def test_after_a_canary_the_normal_order_follows() -> None:
    policy = UseCasePolicy(order=("c", "a", "b"), canary=Canary("b", 100))
    assert names(plan(policy, signals(0.999))) == ["b", "c", "a"]


def test_a_canary_needs_not_to_serve_the_use_case_otherwise() -> None:
    rows = [*THREE, provider("new", model="gpt-4o", use_cases=())]
    assert names(plan(UseCasePolicy(canary=Canary("new", 10)), signals(0.05), rows=rows)) == ["new", "b", "a", "c"]


def test_a_canary_that_cannot_serve_is_dropped_and_its_share_goes_where_all_go() -> None:
    rows = [*THREE, provider("new", is_active=False)]
    found = plan(UseCasePolicy(canary=Canary("new", 100)), signals(0.5), rows=rows)
    assert names(found) == ["b", "a", "c"]
    assert [(each.provider.name, each.code) for each in found.dropped] == [("new", "inactive")]


def test_a_canary_that_is_alone_serves_everybody() -> None:
    assert names(plan(UseCasePolicy(canary=Canary("a", 1)), signals(0.5), rows=THREE[:1])) == ["a"]


# --- nothing left to chance ----------------------------------------------------------------------------------------


def test_without_chance_the_likeliest_is_first_and_no_canary() -> None:
    policy = UseCasePolicy(strategy="weighted", weights={"a": 1, "b": 5, "c": 3}, canary=Canary("b", 99))
    assert names(plan(policy, signals(None))) == ["c", "a", "b"]


def test_a_policy_that_says_nothing_of_order_asks_no_signal() -> None:
    def never() -> None:
        raise AssertionError("a signal was asked")

    told = structs.replace(signals(), chance=never, pace=lambda _: never(), load=lambda _: never())
    snapshot = Snapshot(standard_providers(), policies={"draft": UseCasePolicy(idle_s=3.0)})
    assert names(select(ask(use_case="draft"), snapshot, None, everyone, told)) == [HAIKU, MINI]


def test_the_decision_trace_holds_order_and_reasons() -> None:
    snapshot = Snapshot(standard_providers(), policies={"draft": UseCasePolicy(strategy="cheapest")})
    found = select(ask(use_case="draft"), snapshot, None, everyone, structs.replace(signals(), tariff=PRICES.tariff))
    lines = explain(ask(use_case="draft"), snapshot, found).considered
    assert [each.provider for each in lines] == [MINI, HAIKU]
    assert all(each.reason.startswith("cheapest: $0.00") for each in lines)

"""In the long run everybody gets the share that the policy says, whatever order it happens in."""

from collections import Counter
from math import sqrt

import pytest

from router_core.types import Canary, Load, Message, Pace, UseCasePolicy
from tests.support.core_fakes import provider
from tests.support.strategy_scenes import draws, firsts, names, plan, signals

TIMES = 2_000


def assert_share(count: int, share: float, times: int = TIMES) -> None:
    """Fail when a count is further from its share than 4.5 standard deviations: 1 in 150,000 by chance."""
    assert abs(count - share * times) <= 4.5 * sqrt(times * share * (1 - share)) + 1, (count, share * times)


@pytest.mark.parametrize("weights", [{"a": 70, "b": 30, "c": 0}, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 0, "c": 999}])
@pytest.mark.parametrize("sticky", [False, True])
def test_weights_are_shares_of_who_is_first(weights: dict[str, int], sticky: bool) -> None:
    policy = UseCasePolicy(strategy="weighted", weights=weights, sticky=sticky)
    told = signals(draws())
    counts = Counter(names(plan(policy, told, prompt=f"Question {number}"))[0] for number in range(TIMES))
    for name, weight in weights.items():
        assert_share(counts[name], weight / sum(weights.values()))


@pytest.mark.parametrize("sticky", [False, True])
def test_who_stands_in_for_the_first_is_drawn_by_weight_too(sticky: bool) -> None:
    policy = UseCasePolicy(strategy="weighted", weights={"a": 6, "b": 3, "c": 1}, sticky=sticky)
    told = signals(draws())
    orders = [names(plan(policy, told, prompt=f"Question {number}")) for number in range(TIMES)]
    behind_a = [order[1] for order in orders if order[0] == "a"]
    assert_share(behind_a.count("b"), 3 / 4, len(behind_a))


def test_of_an_accounts_own_pool_the_draw_says_nothing_about_the_global_one() -> None:
    rows = [*(provider(f"own-{each}", account_id="acme") for each in "xy"), *(provider(each) for each in "ab")]
    told = signals(draws())
    policy = UseCasePolicy(strategy="weighted")
    orders = [names(plan(policy, told, rows=rows, account_id="acme")) for _ in range(TIMES)]
    behind_x = [order[2] for order in orders if order[0] == "own-x"]
    assert_share(len(behind_x), 1 / 2)
    assert_share(behind_x.count("a"), 1 / 2, len(behind_x))


@pytest.mark.parametrize("percent", [0.5, 20, 100])
@pytest.mark.parametrize("sticky", [False, True])
def test_a_canary_gets_its_percentage_and_nobody_else_sees_it_first(percent: float, sticky: bool) -> None:
    policy = UseCasePolicy(canary=Canary("c", percent), order=("b", "a", "c"), sticky=sticky)
    told = signals(draws())
    counts = Counter(names(plan(policy, told, prompt=f"Question {number}"))[0] for number in range(TIMES))
    assert_share(counts["c"], percent / 100)
    assert counts["b"] == TIMES - counts["c"]


def test_beside_a_canary_weights_are_shares_of_the_rest() -> None:
    policy = UseCasePolicy(strategy="weighted", weights={"a": 3, "b": 1, "c": 50}, canary=Canary("c", 20))
    counts = firsts(policy, TIMES)
    assert_share(counts["c"], 0.2)
    assert_share(counts["a"], 0.6)
    assert_share(counts["b"], 0.2)


def test_finding_out_who_is_fast_takes_five_percent_shared_by_all_who_are_unknown() -> None:
    told = signals(draws(), paces={"a": Pace(0.3, 20)})
    counts = firsts(UseCasePolicy(strategy="fastest"), TIMES, told)
    assert_share(counts["a"], 0.95)
    assert_share(counts["b"], 0.025)
    assert_share(counts["c"], 0.025)


def test_nothing_is_spent_on_finding_out_once_everybody_is_known() -> None:
    told = signals(draws(), paces={name: Pace(0.3 + place, 20) for place, name in enumerate("abc")})
    assert firsts(UseCasePolicy(strategy="fastest"), 500, told) == {"a": 500}


def test_of_equally_busy_providers_each_is_first_as_often() -> None:
    told = signals(draws(), loads={"a": Load(2, 20), "b": Load(1, 10), "c": Load(9, 10)})
    counts = firsts(UseCasePolicy(strategy="least_busy"), TIMES, told)
    assert_share(counts["a"], 0.5)
    assert_share(counts["b"], 0.5)


# --- conversations -------------------------------------------------------------------------------------------------


def _turns(number: int) -> list[tuple[Message, ...]]:
    begin = (Message(role="system", content="Be brief"), Message(role="user", content=f"Question {number}"))
    return [begin, (*begin, Message(role="assistant", content="Yes"), Message(role="user", content="Why?"))]


def test_all_turns_of_a_conversation_go_to_the_same_provider() -> None:
    policy = UseCasePolicy(strategy="weighted", sticky=True, canary=Canary("c", 30))
    told = signals(draws())
    seen = set()
    for number in range(60):
        first, second = (names(plan(policy, told, messages=turn)) for turn in _turns(number))
        assert first == second
        seen.add(first[0])
    assert seen == {"a", "b", "c"}


def test_a_provider_that_goes_moves_its_own_conversations_only() -> None:
    policy = UseCasePolicy(strategy="weighted", sticky=True)
    told, rows = signals(draws()), [provider(name) for name in "abcd"]
    for number in range(200):
        before = names(plan(policy, told, rows=rows, prompt=f"Question {number}"))
        after = names(plan(policy, told, rows=rows[1:], prompt=f"Question {number}"))
        assert after == [name for name in before if name != "a"]


def test_two_accounts_with_the_same_words_are_two_conversations() -> None:
    policy = UseCasePolicy(strategy="weighted", sticky=True)
    told, rows = signals(draws()), [provider(name) for name in "abcdefgh"]
    orders = {tuple(names(plan(policy, told, rows=rows, account_id=f"account-{number}"))) for number in range(20)}
    assert len(orders) > 10

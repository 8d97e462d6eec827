"""Costs, exact to the nano-dollar."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.cost.open_budget import OpenBudget
from router_core.cost.prices import FixedPrices
from router_core.types import Payer, Rates, Usage, format_usd
from tests.support.core_fakes import PRICES, provider

TOKENS = st.integers(0, 2_000_000)
RATE = st.integers(0, 10**12)


def flat(nano: int) -> Rates:
    return Rates.of(nano, nano)


def counted(tokens: tuple[int, ...]) -> Usage:
    fresh, image, read, write, write_1h, output, reasoning = tokens
    return Usage(
        input_tokens=fresh, image_tokens=image, cache_read_tokens=read, cache_write_tokens=write,
        cache_write_1h_tokens=write_1h, output_tokens=output, reasoning_tokens=reasoning,
    )  # fmt: skip


def cost(model: str, usage: Usage) -> int | None:
    price = PRICES.tariff().price(model)
    return None if price is None else price.cost(usage)


@pytest.mark.parametrize(
    ("model", "input_tokens", "output_tokens", "usd"),
    [
        ("gpt-4o-mini", 1000, 500, "0.000450"),
        ("gpt-4o-mini", 1, 0, "0.00000015"),
        ("gpt-4o", 1000, 500, "0.007500"),
        ("claude-haiku-4-5", 1000, 500, "0.003500"),
        ("claude-sonnet-4-5", 1000, 500, "0.010500"),
        ("gpt-4o-mini", 0, 0, "0.000000"),
    ],
)
def test_costs_are_exact(model: str, input_tokens: int, output_tokens: int, usd: str) -> None:
    found = cost(model, Usage(input_tokens=input_tokens, output_tokens=output_tokens))
    assert found is not None
    assert format_usd(found) == usd


def test_a_million_additions_of_a_small_cost_are_exact() -> None:
    each = cost("gpt-4o-mini", Usage(input_tokens=20))
    assert each == 3_000
    assert format_usd(sum(each for _ in range(1_000_000))) == "3.000000"


def test_a_model_without_a_price_has_no_cost() -> None:
    assert PRICES.tariff().price("gpt-9") is None


def test_a_dated_name_costs_what_its_model_costs() -> None:
    tariff = FixedPrices({"gpt-4o": flat(5)}, aliases={"gpt-4o-2024-08-06": "gpt-4o", "orphan": "gpt-9"}).tariff()
    assert tariff.price("gpt-4o-2024-08-06") == tariff.price("gpt-4o")
    assert tariff.price("orphan") is None


@pytest.mark.parametrize(("tokens", "nano"), [(500_000, 0), (1_500_000, 2), (2_500_000, 2), (500_001, 1)])
def test_halves_round_to_even(tokens: int, nano: int) -> None:
    assert flat(1).cost(Usage(input_tokens=tokens)) == nano


def test_a_class_without_a_rate_of_its_own_costs_what_it_is_part_of() -> None:
    rates = Rates.of(10, 40, cache_write=12)
    assert (rates.cache_read, rates.cache_write, rates.cache_write_1h, rates.image) == (10, 12, 12, 10)
    assert (rates.reasoning, rates.batch_input, rates.batch_output) == (40, 5, 20)


@given(st.tuples(*[TOKENS] * 7), st.tuples(*[RATE] * 7))
def test_each_request_is_rounded_once_and_by_less_than_a_nano_dollar(
    tokens: tuple[int, ...], nano: tuple[int, ...]
) -> None:
    fresh, image, read, write, write_1h, output, reasoning = nano
    rates = Rates.of(
        fresh, output, image=image, cache_read=read, cache_write=write, cache_write_1h=write_1h, reasoning=reasoning
    )
    usage = counted(tokens)
    exact = Fraction(sum(count * rate for count, rate in zip(tokens, nano, strict=True)), 1_000_000)
    assert rates.cost(usage) == round(exact)


@given(st.tuples(*[TOKENS] * 7), RATE, RATE)
def test_a_batch_at_half_price_costs_half_in_every_class(tokens: tuple[int, ...], fresh: int, output: int) -> None:
    usage = counted(tokens)
    whole = Rates.of(2 * fresh, 2 * output, cache_read=fresh, image=3 * fresh, reasoning=3 * output)
    half = Rates.of(fresh, output)
    exact = Fraction(
        usage.cache_read_tokens * fresh
        + 3 * usage.image_tokens * fresh
        + 2 * (usage.input_tokens + usage.cache_write_tokens + usage.cache_write_1h_tokens) * fresh
        + (2 * usage.output_tokens + 3 * usage.reasoning_tokens) * output,
        2_000_000,
    )
    assert whole.batch_cost(usage) == round(exact)
    assert half.batch_input == fresh // 2


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.tuples(*[RATE] * 4), st.data())
def test_no_answer_within_its_lengths_costs_more_than_the_bound(
    read: int, written: int, nano: tuple[int, int, int, int], data: st.DataObject
) -> None:
    rates = Rates.of(nano[0], nano[1], image=nano[2], reasoning=nano[3])
    images, thought = data.draw(st.integers(0, read)), data.draw(st.integers(0, written))
    usage = Usage(
        input_tokens=read - images, image_tokens=images, output_tokens=written - thought, reasoning_tokens=thought
    )
    assert rates.cost(usage) <= rates.most(read, written)


@given(st.integers(0, 10**6), st.tuples(*[RATE] * 4), st.data())
def test_nothing_that_is_written_to_a_cache_costs_more_than_the_bound_of_a_call_that_caches(
    read: int, nano: tuple[int, int, int, int], data: st.DataObject
) -> None:
    rates = Rates.of(nano[0], nano[1], cache_write=nano[2], cache_write_1h=nano[3])
    short = data.draw(st.integers(0, read))
    hour = data.draw(st.integers(0, read - short))
    usage = Usage(input_tokens=read - short - hour, cache_write_tokens=short, cache_write_1h_tokens=hour)
    assert rates.cost(usage) <= rates.most(read, 0, caches=True)


async def test_the_open_budget_refuses_nobody_and_adds_up() -> None:
    budget = OpenBudget()
    holds = [await budget.hold(Payer("acme", None, "general"), provider("row"), 100, 1.0) for _ in range(3)]
    assert budget.held() == 300
    holds[0].settle(40)
    holds[0].settle(40)
    holds[1].settle(0)
    holds[1].settle(7)
    assert (budget.held(), budget.spent("acme"), budget.spent("rival")) == (100, 40, 0)


async def test_the_open_budget_takes_models_without_a_price() -> None:
    budget = OpenBudget()
    hold = await budget.hold(Payer(None, None, "general"), provider("row"), None, 1.0)
    hold.settle(0)
    assert (budget.held(), budget.spent(None)) == (0, 0)

"""Costs, exact to the nano-dollar."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.cost.open_budget import OpenBudget
from router_core.cost.price_book import ModelPrice, PriceBook
from router_core.types import Payer, Usage, format_usd
from tests.support.core_fakes import PRICES, provider

TOKENS = st.integers(0, 2_000_000)
RATE = st.integers(0, 10**12)


def flat(nano: int) -> ModelPrice:
    return ModelPrice(input=nano, output=nano, cache_read=nano, cache_write=nano, cache_write_1h=nano)


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
    cost = PRICES.cost(model, Usage(input_tokens=input_tokens, output_tokens=output_tokens))
    assert cost is not None
    assert format_usd(cost) == usd


def test_a_model_without_a_price_has_no_cost() -> None:
    assert PRICES.cost("gpt-9", Usage(input_tokens=1)) is None
    assert PRICES.price("gpt-9") is None


def test_a_dated_name_costs_what_its_model_costs() -> None:
    book = PriceBook({"gpt-4o": flat(5)}, aliases={"gpt-4o-2024-08-06": "gpt-4o", "orphan": "gpt-9"})
    assert book.price("gpt-4o-2024-08-06") == book.price("gpt-4o")
    assert book.price("orphan") is None


@pytest.mark.parametrize(("tokens", "nano"), [(500_000, 0), (1_500_000, 2), (2_500_000, 2), (500_001, 1)])
def test_halves_round_to_even(tokens: int, nano: int) -> None:
    assert flat(1).cost(Usage(input_tokens=tokens)) == nano


@given(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, RATE)
def test_each_request_is_rounded_once_and_by_less_than_a_nano_dollar(
    read: int, cached: int, write: int, write_1h: int, output: int, reasoning: int, rate: int
) -> None:
    price = ModelPrice(
        input=rate, output=4 * rate, cache_read=rate // 10, cache_write=rate * 5 // 4, cache_write_1h=2 * rate
    )
    usage = Usage(
        input_tokens=read,
        cache_read_tokens=cached,
        cache_write_tokens=write,
        cache_write_1h_tokens=write_1h,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )
    exact = Fraction(
        read * price.input
        + cached * price.cache_read
        + write * price.cache_write
        + write_1h * price.cache_write_1h
        + (output + reasoning) * price.output,
        1_000_000,
    )
    assert price.cost(usage) == round(exact)


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

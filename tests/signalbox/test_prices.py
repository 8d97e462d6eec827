"""List prices, exact to the nano-dollar."""

from datetime import UTC, datetime

import pytest

from router_core.types import Usage
from signalbox.prices import CatalogPrices, load_prices


@pytest.fixture(scope="module")
def prices() -> CatalogPrices:
    return load_prices(datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("model", "fresh", "output", "read", "write", "write_1h"),
    [
        ("gpt-4o", 2_500_000_000, 10_000_000_000, 1_250_000_000, 2_500_000_000, 2_500_000_000),
        ("gpt-4o-mini", 150_000_000, 600_000_000, 75_000_000, 150_000_000, 150_000_000),
        ("claude-sonnet-4-5", 3_000_000_000, 15_000_000_000, 300_000_000, 3_750_000_000, 6_000_000_000),
        ("claude-haiku-4-5", 1_000_000_000, 5_000_000_000, 100_000_000, 1_250_000_000, 2_000_000_000),
    ],
)
def test_the_standard_models_cost_what_their_vendors_list(prices, model, fresh, output, read, write, write_1h):
    found = prices.price(model)
    assert found is not None
    assert (found.input, found.output) == (fresh, output)
    assert (found.cache_read, found.cache_write, found.cache_write_1h) == (read, write, write_1h)
    assert found.source.startswith("genai-prices ")


@pytest.mark.parametrize(
    ("dated", "model"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
    ],
)
def test_dated_names_cost_what_the_model_costs(prices, dated, model):
    assert prices.price(dated) == prices.price(model)


def test_an_older_dated_name_keeps_its_own_dearer_price(prices):
    assert prices.price("gpt-4o-2024-05-13").input == 5_000_000_000


def test_an_unknown_model_has_no_price(prices):
    assert prices.cost("no-such-model", Usage(input_tokens=1)) is None


def test_a_request_is_billed_class_by_class(prices):
    usage = Usage(input_tokens=1000, cache_read_tokens=2000, cache_write_tokens=3000, output_tokens=10)
    assert prices.cost("claude-haiku-4-5", usage) == 1_000_000 + 200_000 + 3_750_000 + 50_000


def test_a_long_prompt_is_billed_at_its_tier(prices):
    """Sonnet 4.5 costs twice as much to read, and one and a half times to write, above 200,000 prompt tokens."""
    below, above = Usage(input_tokens=200_000, output_tokens=1000), Usage(input_tokens=200_001, output_tokens=1000)
    assert prices.cost("claude-sonnet-4-5", below) == 600_000_000 + 15_000_000
    assert prices.cost("claude-sonnet-4-5", above) == 1_200_006_000 + 22_500_000

"""List prices out of the catalogue, exact to the nano-dollar."""

from datetime import UTC, datetime

import pytest

from router_core.types import Price, PriceBook, Tariff, Usage
from signalbox.prices import PriceCatalogue, load_catalogue

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue() -> PriceCatalogue:
    return load_catalogue(NOW)


@pytest.fixture(scope="module")
def prices(catalogue: PriceCatalogue) -> Tariff:
    return Tariff(PriceBook(catalogue.listed), catalogue.canonical, None, NOW)


def priced(prices: Tariff, model: str) -> Price:
    found = prices.price(model)
    assert found is not None
    return found


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
    found = priced(prices, model)
    rates = found.rates()
    assert (rates.input, rates.output) == (fresh, output)
    assert (rates.cache_read, rates.cache_write, rates.cache_write_1h) == (read, write, write_1h)
    assert (rates.batch_input, rates.batch_output) == (fresh // 2, output // 2)
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
    assert priced(prices, dated) == priced(prices, model)


def test_another_tier_of_service_has_its_own_price_or_none(prices):
    found = prices.price("gpt-4o-2024-08-06", tier="priority")
    assert (found.model, found.rates().input) == ("gpt-4o@priority", 4_250_000_000)
    assert prices.price("gpt-5", tier="flex").rates().input == 625_000_000
    assert prices.price("gpt-4o", tier="flex") is None
    # By the name of its price a request is rated anew.
    assert prices.price("gpt-4o", answered_as="gpt-4o@priority") == found


def test_an_older_dated_name_keeps_its_own_dearer_price(prices):
    assert priced(prices, "gpt-4o-2024-05-13").rates().input == 5_000_000_000


def test_an_unknown_model_has_no_price(prices, catalogue):
    assert prices.price("no-such-model") is None
    assert catalogue.canonical("no-such-model") is None


def test_a_request_is_billed_class_by_class(prices):
    usage = Usage(input_tokens=1000, cache_read_tokens=2000, cache_write_tokens=3000, output_tokens=10)
    assert priced(prices, "claude-haiku-4-5").cost(usage) == 1_000_000 + 200_000 + 3_750_000 + 50_000


def test_a_long_prompt_is_billed_at_its_tier(prices):
    """Sonnet 4.5 costs twice as much to read, and one and a half times to write, above 200,000 prompt tokens."""
    price = priced(prices, "claude-sonnet-4-5")
    assert price.cost(Usage(input_tokens=200_000, output_tokens=1000)) == 600_000_000 + 15_000_000
    assert price.cost(Usage(input_tokens=200_001, output_tokens=1000)) == 1_200_006_000 + 22_500_000


def test_a_price_that_was_cut_is_listed_with_the_day_from_which_it_holds(catalogue):
    book = PriceBook(catalogue.listed)
    before = book.listed("o3", datetime(2025, 6, 9, 23, 59, tzinfo=UTC))
    after = book.listed("o3", datetime(2025, 6, 10, tzinfo=UTC))
    assert before is not None
    assert after is not None
    assert (before.rates().input, after.rates().input) == (10_000_000_000, 2_000_000_000)


def test_reading_the_catalogue_twice_gives_the_same_versions(catalogue):
    again = load_catalogue(NOW)
    assert [each.id for each in again.listed] == [each.id for each in catalogue.listed]
    assert len({each.id for each in again.listed}) == len(again.listed)

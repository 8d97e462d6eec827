"""Which version of which price holds: by place, by name and by time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.types import Price, PriceBook, PriceTier, Rates, Tariff, Usage
from tests.support.price_worlds import ALIASES, ALWAYS, dated

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def own(model: str, nano: int, starts: datetime = ALWAYS, **changes: object) -> Price:
    return dated(model, nano, starts, **{"kind": "own", "id": f"own-{model}-{nano}-{starts}-{changes}", **changes})


def rate(book: PriceBook, model: str, provider: str = "row", account: str = "acme", answered: str = "") -> int | None:
    found = Tariff(book, ALIASES.get, account, NOW).price(model, provider, answered)
    return None if found is None else found.rates().input


def test_the_most_special_price_holds():
    versions = [
        dated("gpt-4o", 1),
        own("gpt-4o", 2),
        own("gpt-4o", 3, provider="row"),
        own("gpt-4o", 4, account_id="acme"),
        own("gpt-4o", 5, account_id="acme", provider="row"),
    ]
    for count, expected in enumerate((1, 2, 3, 4, 5), start=1):
        assert rate(PriceBook(versions[:count]), "gpt-4o") == expected
    whole = PriceBook(versions)
    assert rate(whole, "gpt-4o", provider="other") == 4
    assert rate(whole, "gpt-4o", account="rival") == 3
    assert rate(whole, "gpt-4o", provider="other", account="rival") == 2


def test_a_price_holds_from_its_beginning_until_the_next_one_begins():
    book = PriceBook([own("m", 1), own("m", 2, NOW - DAY), own("m", 3, NOW + DAY)])
    tariff = Tariff(book, ALIASES.get, "acme", NOW)

    def at(moment: datetime) -> int:
        found = tariff.of("acme", moment).price("m")
        assert found is not None
        return found.rates().input

    second = timedelta(microseconds=1)
    assert [at(NOW - DAY - second), at(NOW - DAY), at(NOW), at(NOW + DAY - second), at(NOW + DAY)] == [1, 2, 2, 2, 3]


def test_of_two_versions_that_begin_together_the_newer_one_holds():
    book = PriceBook([own("m", 2, made_at=NOW), own("m", 1, made_at=NOW - DAY)])
    assert rate(book, "m") == 2


def test_a_withdrawn_price_lets_the_less_special_one_hold_again():
    book = PriceBook(
        [dated("gpt-4o", 1), own("gpt-4o", 2, account_id="acme"), own("gpt-4o", 0, NOW, account_id="acme", tiers=())]
    )
    assert rate(book, "gpt-4o") == 1


def test_a_model_without_any_price_has_none_and_so_has_one_whose_price_begins_later():
    assert rate(PriceBook([dated("other", 1), own("m", 1, NOW + DAY)]), "m") is None


def test_a_dated_name_finds_the_price_of_its_model_and_its_own_one_first():
    book = PriceBook([dated("gpt-4o", 1)])
    assert rate(book, "gpt-4o-2024-08-06") == 1
    assert rate(PriceBook([dated("gpt-4o", 1), dated("gpt-4o-2024-08-06", 7)]), "gpt-4o-2024-08-06") == 7


def test_what_answered_is_charged_unless_somebody_set_a_price_for_what_was_asked():
    listed = [dated("gpt-4o", 1), dated("gpt-4o-2024-05-13", 2)]
    assert rate(PriceBook(listed), "gpt-4o", answered="gpt-4o-2024-05-13") == 2
    agreed = own("gpt-4o", 9)
    assert rate(PriceBook([*listed, agreed]), "gpt-4o", answered="gpt-4o-2024-05-13") == 9
    assert rate(PriceBook([*listed, agreed]), "deployment", answered="gpt-4o-2024-08-06") == 9


def test_what_answered_under_an_unknown_name_costs_what_was_asked():
    assert rate(PriceBook([dated("gpt-4o", 1)]), "gpt-4o", answered="mystery") == 1


def test_a_tariff_keeps_to_its_book_and_its_moment_whatever_changes_meanwhile():
    first = Tariff(PriceBook([own("m", 1)]), ALIASES.get, "acme", NOW)
    PriceBook([own("m", 1), own("m", 2, NOW)])
    found = first.price("m")
    assert found is not None
    assert found.rates().input == 1


def tiered() -> Price:
    tiers = (PriceTier(0, Rates.of(1_000_000, 2_000_000)), PriceTier(100, Rates.of(3_000_000, 4_000_000)))
    return dated("m", 0, tiers=tiers)


@pytest.mark.parametrize(("prompt", "expected"), [(0, 0), (100, 100), (101, 303)])
def test_a_long_prompt_is_charged_at_its_tier(prompt, expected):
    assert tiered().cost(Usage(input_tokens=prompt)) == expected


@given(st.integers(0, 300), st.integers(0, 50))
def test_the_bound_of_a_call_is_at_least_what_any_shorter_prompt_costs(prompt: int, written: int):
    bound = tiered().most(prompt, written)
    for shorter in range(0, prompt + 1, 25):
        assert tiered().cost(Usage(input_tokens=shorter, output_tokens=written)) <= bound


def test_the_next_version_at_a_place_is_known():
    now, soon, later = own("m", 1), own("m", 2, NOW + DAY), own("m", 3, NOW + 2 * DAY)
    book = PriceBook([later, now, soon, own("m", 4, NOW + DAY / 2, account_id="acme")])
    assert book.following(now, NOW) == soon
    assert book.following(soon, NOW + DAY) == later
    assert book.following(later, NOW + 2 * DAY) is None

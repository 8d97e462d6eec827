"""The price book as CSV: exact, read back as it was, wrong lines named."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.cost.price_sheet import PriceOrder, exact_dollars, moment_of, ordered_rates, price_sheet, read_sheet
from router_core.errors import ValidationError
from router_core.types import PriceTier, Rates, parse_usd
from tests.support.price_worlds import dated

HEAD = "model,provider,account,from,above_tokens,input,output"
RATE = st.integers(0, 10**15)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@given(RATE)
def test_amounts_are_exact_both_ways(nano: int):
    assert parse_usd(exact_dollars(nano)) == nano


@given(st.lists(st.tuples(*[RATE] * 9), min_size=1, max_size=3), st.sampled_from(["", "row", "=row"]))
def test_what_was_exported_is_read_back_as_it_was(rates: list[tuple[int, ...]], provider: str):
    names = Rates.__struct_fields__
    tiers = tuple(
        PriceTier(place * 1_000, Rates(**dict(zip(names, each, strict=True)))) for place, each in enumerate(rates)
    )
    price = dated("m", 1, NOON, kind="own", provider=provider, account_id="acme", tiers=tiers)
    (order,) = read_sheet(price_sheet([price]))
    assert (order.model, order.provider, order.account_id) == ("m", provider, "acme")
    assert moment_of(order.starts or "") == price.starts
    assert tuple(PriceTier(each.above, ordered_rates(each)) for each in order.tiers) == tiers


def test_a_withdrawn_price_is_a_line_without_rates():
    (order,) = read_sheet(price_sheet([dated("m", 1, NOON, kind="own", tiers=())]))
    assert order.tiers == ()


def test_what_a_catalogue_lists_is_left_out():
    assert read_sheet(price_sheet([dated("m", 1)])) == []


def test_a_plain_sheet_needs_a_model_and_two_rates():
    (order,) = read_sheet("\ufeffmodel,input,output\r\n\r\nmine,0.15,0.6\r\n")
    assert order == PriceOrder(model="mine", tiers=order.tiers)
    assert ordered_rates(order.tiers[0]) == Rates.of(150_000_000, 600_000_000)


def test_tiers_of_one_moment_belong_together_however_it_is_written():
    lines = ("m,2026-12-01,0,1,2", "m,2026-12-01T00:00:00Z,1000,3,4", "m,2026-12-01T01:00:00+01:00,2000,5,6")
    (order,) = read_sheet("\n".join(("model,from,above_tokens,input,output", *lines)))
    assert [each.above for each in order.tiers] == [0, 1000, 2000]


@pytest.mark.parametrize(
    ("sheet", "field", "said"),
    [
        ("", "model", "missing"),
        ("model,output\nm,1", "input", "missing"),
        ("model,input,output,colour\nm,1,2,red", "csv", "column 4"),
        ("model,input,input,output\nm,1,1,2", "input", "twice"),
        (f"{HEAD}\nm,,,,,1", "csv", "line 2: `csv` has 6 columns, the heading 7"),
        (f"{HEAD}\nm,,,,,1,2\nm,,,yesterday,,1,2", "from", "line 3: `from`"),
        (f"{HEAD}\nm,,,,,1.5.5,2", "input", "line 2: `input` must be dollars"),
        (f"{HEAD}\nm,,,,,-1,2", "input", "line 2: `input` must be dollars for a million tokens such as 12.50"),
        (f"{HEAD}\nm,,,,,0.0000000001,2", "input", "line 2"),
        (f"{HEAD}\nm,,,,,NaN,2", "input", "line 2"),
        (f"{HEAD}\nm,,,,,1,", "output", "line 2: `output` is missing"),
        (f"{HEAD}\nm,,,,many,1,2", "above_tokens", "line 2: `above_tokens`"),
        (f"{HEAD}\nm,,,,,1,2\nm,,,,,,", "model", "line 3: `model` is priced and withdrawn"),
        (f'{HEAD}\nm,,,,,1,"2', "csv", "no CSV"),
    ],
)
def test_a_wrong_line_is_named_with_its_column(sheet: str, field: str, said: str):
    with pytest.raises(ValidationError) as refused:
        read_sheet(sheet)
    assert refused.value.field == field
    assert said in refused.value.message


def test_a_sheet_of_too_many_prices_is_refused_and_lines_of_a_catalogue_do_not_count():
    with pytest.raises(ValidationError, match="2,000 prices"):
        read_sheet("model,input,output\n" + "".join(f"m{number},1,2\n" for number in range(2_001)))
    assert read_sheet("model,input,output,kind\n" + "m,1,2,listed\n" * 2_001) == []


def test_of_versions_that_begin_together_the_newest_one_counts():
    first = dated("m", 1, NOON, kind="own", id="a", made_at=NOON)
    second = dated("m", 2, NOON, kind="own", id="b", made_at=NOON + timedelta(hours=1))
    for versions in ([first, second], [second, first]):
        (order,) = read_sheet(price_sheet(versions))
        assert ordered_rates(order.tiers[0]) == second.rates()
    ended = dated("m", 0, NOON, kind="own", id="c", made_at=NOON + timedelta(hours=2), tiers=())
    assert [each.tiers for each in read_sheet(price_sheet([first, ended, second]))] == [()]


def test_a_line_that_was_written_by_hand_counts_more_than_an_exported_one():
    heading, line = price_sheet([dated("m", 1, NOON, kind="own")]).splitlines()
    cells = dict(zip(heading.split(","), line.split(","), strict=True))
    own = ",".join((cells | {"input": "7", "id": "", "made_at": ""}).values())
    (order,) = read_sheet(f"{heading}\n{own}\n{line}\n")
    assert order.tiers[0].input == "7"

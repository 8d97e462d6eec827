"""Money in text and back, without ever losing a nano-dollar."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.errors import ValidationError
from router_core.types import format_usd, parse_usd, read_dollars


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0.000000"),
        (450_000, "0.000450"),
        (450_001, "0.000450001"),
        (1, "0.000000001"),
        (10, "0.00000001"),
        (1_000_000_000, "1.000000"),
        (95_500_000_000, "95.500000"),
        (-450_000, "-0.000450"),
    ],
)
def test_dollars_have_six_to_nine_decimals(nano: int, text: str) -> None:
    assert format_usd(nano) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_amount_survives_the_way_to_text_and_back(nano: int) -> None:
    text = format_usd(nano)
    assert parse_usd(text) == nano
    assert Decimal(text) * 10**9 == nano
    assert 6 <= len(text.split(".")[1]) <= 9


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("0.0000000025", 2),
        ("0.00000000051", 1),
        ("-0.0000000015", -2),
        ("0.000000000500000000000000000000000000000001", 1),
        ("1e-9", 1),
        ("999999999999.9999999984", 999_999_999_999_999_999_998),
        ("100", 100_000_000_000),
    ],
)
def test_more_than_nine_decimals_are_rounded_half_even_once(text: str, nano: int) -> None:
    assert parse_usd(text) == nano


@pytest.mark.parametrize("text", ["", "abc", "NaN", "sNaN", "Infinity", "-inf", "1,000", "$5", "1e999999", "1e30"])
def test_what_is_no_sensible_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_usd(text)


def test_a_million_small_additions_are_exact() -> None:
    total = sum(parse_usd("0.000003") for _ in range(1_000)) * 1_000
    assert format_usd(total) == "3.000000"
    running = 0
    step = parse_usd("0.000003")
    for _ in range(1_000_000):
        running += step
    assert format_usd(running) == "3.000000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 5",
        "5 ",
        "-0",
        "-1",
        "+1",
        "1_0",
        "1e3",
        "\uff15",
        "\u0665",
        ".5",
        "5.",
        "1,5",
        "NaN",
        "0.0000000001",
        "1" * 13,
    ],
)
def test_what_people_write_is_taken_as_digits_or_not_at_all(text: str) -> None:
    with pytest.raises(ValidationError, match="`limit` must be an amount of dollars") as refused:
        read_dollars(text, "limit")
    assert refused.value.field == "limit"


@given(st.integers(0, 10**21 - 1))
def test_every_amount_that_may_be_written_is_taken_exactly(nano: int) -> None:
    assert read_dollars(format_usd(nano), "limit") == nano

"""Numbers, money and times as people read them."""

from zoneinfo import ZoneInfo

import pytest

from console.format import DASH, ago, count, duration, literal, money, percent, prose, zone_of


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, DASH),
        (4.25, "4.2 ms"),
        (742, "742 ms"),
        (999.6, "1.00 s"),
        (1083, "1.08 s"),
        (25_000, "25.0 s"),
        (150_000, "2.5 min"),
    ],
)
def test_durations_carry_their_unit_after_a_narrow_space(milliseconds: float | None, text: str) -> None:
    assert duration(milliseconds) == text.replace(" ", "\u202f")


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, DASH), (1, "100 %"), (0, "0 %"), (0.99999, "99.99 %"), (0.9862, "98.62 %"), (0.031, "3.1 %")],
)
def test_only_a_true_whole_is_a_hundred_percent(share: float | None, text: str) -> None:
    assert percent(share) == text.replace(" ", "\u202f")


@pytest.mark.parametrize(
    ("nano", "text"),
    [(None, "unpriced"), (0, "$0.00"), (64_000, "$0.000064"), (12_600_000, "$0.0126"), (12_340_000_000, "$12.34")],
)
def test_money_is_exact_when_small_and_never_zero_when_unknown(nano: int | None, text: str) -> None:
    assert money(nano) == text


@pytest.mark.parametrize(
    ("number", "text"), [(812, "812"), (9_999, "9,999"), (12_400, "12.4k"), (999_949, "999.9k"), (3_100_000, "3.1M")]
)
def test_counts_are_compact(number: float, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "just now"), (12, "12 s ago"), (185, "3 min ago"), (7300, "2 h ago"), (180_000, "2 d ago")],
)
def test_ages_are_rounded_down(seconds: float, text: str) -> None:
    assert ago(seconds).replace("\u202f", " ") == text


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Europe/Paris") == ZoneInfo("Europe/Paris")
    assert zone_of("../etc/passwd") == zone_of(None) == zone_of(object()) == ZoneInfo("UTC")


def test_names_cannot_become_markup() -> None:
    assert literal("a*b [x](y) :red[z] $1$") == r"a\*b \[x\]\(y\) \:red\[z\] \$1\$"


@pytest.mark.parametrize(
    "text", ["https://evil.example/x", "see www.evil.example", "write to a@evil.example", ":material/delete:"]
)
def test_literal_text_does_not_become_a_link_or_an_icon(text: str) -> None:
    """Markdown links bare addresses even when they are escaped; an invisible joiner keeps it from that."""
    made = literal(text)
    assert "\u2060" in made
    assert made.replace("\u2060", "").replace("\\", "") == text


def test_code_in_an_answer_keeps_its_dollar_signs() -> None:
    assert prose("$5 `$HOME`\n```\n$x\n") == "\\$5 `$HOME`\n```\n$x\n"

"""Personal data that can be told by its form: e-mail addresses, phone numbers and card numbers."""

import re
from typing import Final

__all__ = ["without_personal"]

EMAIL: Final = "[email]"
PHONE: Final = "[phone]"
CARD: Final = "[card]"

_LONGEST_LOCAL: Final = 64
_LOCAL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\Z")
_DOMAIN: Final = re.compile(r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])")

# With its country's code, and as it is written in North America.
_ABROAD: Final = re.compile(r"\+(?<![\w+]\+)[1-9](?:[ ().\u00a0/-]{0,2}\d){6,14}(?!\d)")
_NORTH_AMERICAN: Final = re.compile(r"\(?[2-9]\d\d(?:\) ?|[ .-])[2-9]\d\d[ .-]\d{4}(?![\w-]|\.\d)")
_BEFORE_NUMBER: Final = re.compile(r"[\w.+-]")

_DIGITS: Final = re.compile(r"\d(?:[ -]?\d){12,}")
_GROUP: Final = re.compile(r"\d+")
# Lengths that numbers with these beginnings have.
_NETWORKS: Final[tuple[tuple[range, int, tuple[int, ...]], ...]] = (
    (range(34, 35), 2, (15,)), (range(37, 38), 2, (15,)),
    (range(300, 306), 3, (14,)), (range(36, 37), 2, (14,)), (range(38, 40), 2, (14,)),
    (range(3528, 3590), 4, (16, 17, 18, 19)),
    (range(4, 5), 1, (13, 16, 19)),
    (range(51, 56), 2, (16,)), (range(2221, 2721), 4, (16,)),
    (range(50, 51), 2, (13, 14, 15, 16, 17, 18, 19)), (range(56, 59), 2, (13, 14, 15, 16, 17, 18, 19)),
    (range(60, 70), 2, (13, 14, 15, 16, 17, 18, 19)),
)  # fmt: skip
_LONGEST_CARD: Final = 19
_SHORTEST_CARD: Final = 13
_SHORTEST_GROUP: Final = 3
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def without_personal(text: str) -> str:
    """Return ``text`` with e-mail addresses, phone numbers and card numbers replaced by what they were."""
    if "@" in text:
        text = _without_emails(text)
    text = _DIGITS.sub(_without_cards, text)
    if "+" in text:
        text = _ABROAD.sub(PHONE, text)
    return _NORTH_AMERICAN.sub(_without_phone, text)


def _without_emails(text: str) -> str:
    pieces: list[str] = []
    done = at = 0
    while (at := text.find("@", at)) >= 0:
        domain = _DOMAIN.match(text, at)
        local = None if domain is None else _LOCAL.search(text[max(done, at - _LONGEST_LOCAL) : at])
        if domain is None or local is None:
            at += 1
            continue
        pieces += (text[done : at - len(local[0])], EMAIL)
        done = at = domain.end()
    return "".join((*pieces, text[done:])) if pieces else text


def _without_phone(found: re.Match[str]) -> str:
    before = found.string[found.start() - 1 : found.start()]
    return found[0] if _BEFORE_NUMBER.match(before) else PHONE


def _without_cards(found: re.Match[str]) -> str:
    """Replace what is a card's number in a run of digits; a number begins and ends where a group of digits does."""
    run = found[0]
    groups = [each.span() for each in _GROUP.finditer(run)]
    pieces: list[str] = []
    done = first = 0
    while first < len(groups):
        end = _card_end(run, groups, first)
        if end is None:
            first += 1
            continue
        pieces += (run[done : groups[first][0]], CARD)
        done = groups[end][1]
        first = end + 1
    return "".join((*pieces, run[done:])) if pieces else run


def _card_end(run: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Return the last group of the card's number that begins with the group ``first``."""
    digits = ""
    for last in range(first, len(groups)):
        group = run[slice(*groups[last])]
        digits += group
        if len(group) < _SHORTEST_GROUP or len(digits) > _LONGEST_CARD:
            return None
        if len(digits) >= _SHORTEST_CARD and _is_card(digits):
            return last
    return None


def _is_card(digits: str) -> bool:
    fits = any(int(digits[:size]) in numbers and len(digits) in lengths for numbers, size, lengths in _NETWORKS)
    return fits and len(set(digits)) > 1 and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    values = [*map(int, reversed(digits))]
    return (sum(values[0::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10 == 0

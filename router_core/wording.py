"""Faults in words for people, instead of those of types and of code."""

import re
from typing import Final

__all__ = ["camel", "in_camel", "in_plain_words"]

_TYPES: Final = {
    "array": "a list", "bool": "true or false", "float": "a number", "int": "a whole number", "null": "null",
    "object": "an object", "str": "text",
}  # fmt: skip
_EXPECTED: Final = re.compile(
    r"Expected `([a-z |]+)`(?:, got `([a-z]+)`| ([<>]=?) (-?[0-9.]+)| (?:of|matching) ([^'\"]{1,60}))?"
)
_OUT_OF_RANGE: Final = re.compile(r"(?:Number|Integer value) out of range")
_BOUNDS: Final = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_SNAKE: Final = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
_SIGN: Final = re.compile(r"[<>]=?")


def camel(name: str) -> str:
    """Return a field's name as documents spell it."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def in_camel(text: str) -> str:
    """Return ``text`` with every field that it names as documents spell it."""
    return _SNAKE.sub(lambda found: camel(found[0]), text)


def in_plain_words(reason: str) -> str | None:
    """Return what msgspec says of a value of a wrong type in people's words, None for any other reason.

    Nothing of it is from the input.
    """
    if _OUT_OF_RANGE.match(reason):
        return "number out of range"
    found = _EXPECTED.match(reason)
    if found is None:
        return None
    wanted, given, sign, bound, shape = found.groups()
    if given == "null":
        return "is needed"
    must = f"must be {' or '.join(_TYPES.get(each, each) for each in wanted.split(' | '))}"
    if given:
        return f"{must}, not {_TYPES.get(given, given)}"
    if sign:
        return f"{must}, {_BOUNDS[sign]} {bound}"
    return (
        f"{must}, {_SIGN.sub(lambda each: _BOUNDS[each[0]], shape)}" if shape and shape.startswith("length") else must
    )

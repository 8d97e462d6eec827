"""Schemas in words: what a field may be, its limits, its default."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from router_core.api.reference.markup import Markup, joined, prose, tag

__all__ = ["fields_table", "limits", "reference_name", "type_words"]

_KINDS: Final[Mapping[str, str]] = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null",
    "object": "object", "array": "list",
}  # fmt: skip
_FORMATS: Final[Mapping[str, str]] = {"date-time": "instant", "date": "day", "byte": "bytes in base64"}
# Names of a least and of a most, and what they count.
_RANGES: Final = (
    ("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " entries"),
)  # fmt: skip
_BOUNDS: Final = (("exclusiveMinimum", "above {}"), ("exclusiveMaximum", "below {}"), ("pattern", "matches {}"))
_HEAD: Final = ("field", "type", "what it is")


def fields_table(schema: Mapping[str, Any], *, is_answer: bool = False) -> Markup:
    """Return a table of an object's fields, nothing for one without fields of its own.

    Of what is sent it marks what must be there, of an answer what may be missing.
    """
    fields, needed = schema.get("properties", {}), schema.get("required", ())
    if not fields:
        return Markup()
    marks = ("", "optional") if is_answer else ("required", "")
    rows = (_row(name, each, marks[name not in needed], is_needed=name in needed) for name, each in fields.items())
    head = tag("tr", *(tag("th", each, scope="col") for each in _HEAD))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll")


def type_words(schema: Mapping[str, Any]) -> Markup:
    """Return what a value may be; types of their own are links."""
    if "$ref" in schema:
        name = reference_name(schema["$ref"])
        return tag("a", name, href=f"#type-{name}")
    for kind in ("anyOf", "oneOf"):
        if kind in schema and "properties" not in schema and not _is_narrowing(schema[kind]):
            return joined(_unique(type_words(each) for each in schema[kind]), " or ")
    if "const" in schema:
        return tag("code", json.dumps(schema["const"]))
    if "enum" in schema:
        return joined((tag("code", json.dumps(each).strip('"') or '""') for each in schema["enum"]), " or ")
    return _plain(schema)


def limits(schema: Mapping[str, Any]) -> list[str]:
    """Return the bounds of a value in words, those of its alternatives included."""
    found = [_range(schema.get(least), schema.get(most), what) for least, most, what in _RANGES]
    found += [words.format(_number(schema[name])) for name, words in _BOUNDS if name in schema]
    for each in schema.get("anyOf", ()):
        found += limits(each)
    return [each for each in dict.fromkeys(found) if each]


def _range(least: Any, most: Any, what: str) -> str:
    match least, most:
        case None, None:
            return ""
        case 1, None if what == " characters":
            return "not empty"
        case _, None:
            return f"at least {_number(least)}{what}"
        case None, _:
            return f"at most {_number(most)}{what}"
        case _:
            return f"{_number(least)} to {_number(most)}{what}"


def reference_name(reference: str) -> str:
    """Return the name that a reference ends with."""
    return reference.rpartition("/")[2]


def _plain(schema: Mapping[str, Any]) -> Markup:
    kind = schema.get("type")
    if isinstance(kind, list):
        return joined((_KINDS[each] for each in kind), " or ")
    if kind == "array":
        items = schema.get("items")
        return joined(("list of ", type_words(items))) if items else joined(("list",))
    if kind == "object":
        values = schema.get("additionalProperties")
        if isinstance(values, dict) and values:
            return joined(("map to ", type_words(values)))
        return _object(schema.get("properties", {}))
    if kind is None:
        return joined(("any JSON",))
    return joined((_FORMATS.get(schema.get("format", ""), _KINDS[kind]),))


def _object(fields: Mapping[str, Any]) -> Markup:
    named = joined((tag("code", name) for name in fields), ", ")
    return joined(("object with ", named)) if fields else joined(("object",))


def _is_narrowing(alternatives: list[Mapping[str, Any]]) -> bool:
    """Say whether the alternatives say nothing of the type, only of its form."""
    return not any({"type", "$ref", "enum", "anyOf", "oneOf", "const"} & each.keys() for each in alternatives)


def _unique(pieces: Iterator[Markup]) -> list[Markup]:
    return list(dict.fromkeys(pieces))


def _row(name: str, schema: Mapping[str, Any], mark: str, *, is_needed: bool) -> Markup:
    notes = [*limits(schema), *_default(schema, is_needed=is_needed)]
    return tag(
        "tr",
        tag("td", tag("code", name), tag("span", mark, class_=f"mark {mark}") if mark else ""),
        tag("td", type_words(schema), tag("div", "; ".join(notes), class_="note") if notes else ""),
        tag("td", prose(schema.get("description", ""))),
    )


def _default(schema: Mapping[str, Any], *, is_needed: bool) -> list[str]:
    given = schema.get("default")
    if is_needed or given is None or given in ([], {}):
        return []
    return [f"default {json.dumps(given) if given != '' else 'empty'}"]


def _number(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{int(value):,}"
    return f"{value:,}" if isinstance(value, int) else str(value)

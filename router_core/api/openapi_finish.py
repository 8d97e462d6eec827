"""What all paths and types of the description have in common, put in when the rest is there."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from router_core.api.openapi_headers import header_refs
from router_core.api.openapi_words import EXAMPLES, FIELD_WORDS, section_of
from router_core.wording import in_camel

__all__ = ["finished_paths", "finished_schemas", "in_markdown", "with_public_names"]

_RAISES: Final = re.compile(r"(?:^|\s)Raises\b.*?(?:\.(?=\s|$)|$)", re.DOTALL)
_ROLE: Final = re.compile(r":(?:class|func|meth|mod):`[~.]?(?:[\w.]*\.)?(\w+)`")
_LITERAL: Final = re.compile(r"``([^`]+)``")
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_REF: Final = "#/components/schemas/"


def finished_paths(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return ``paths`` whose every operation has a name of its own, a section, and the headers of its answers."""
    return {
        path: {method: _operation(method, path, given) for method, given in operations.items()}
        for path, operations in paths.items()
    }


def finished_schemas(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``schemas`` whose words are for readers of JSON: fields as documents spell them, nothing of Python."""
    return {name: _schema(name, given) for name, given in schemas.items()}


def with_public_names(document: dict[str, Any]) -> dict[str, Any]:
    """Return ``document`` in which no type's name tells of the code: ``_Row`` is ``Row``, one of two ``Keys.Row``."""
    schemas = document["components"]["schemas"]
    names = _public_names(schemas)
    changed: dict[str, Any] = _with_references(document, {_REF + old: _REF + new for old, new in names.items()})
    changed["components"]["schemas"] = {
        names[name]: schema for name, schema in changed["components"]["schemas"].items()
    }
    return changed


def in_markdown(text: str) -> str:
    """Return the words of a docstring as Markdown."""
    plain = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", _RAISES.sub("", text)))
    return in_camel(" ".join(plain.split()))


def _operation(method: str, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    words = [word for piece in path.split("/") if piece not in ("", "api") for word in _WORD.findall(piece)]
    answers = {status: _with_request_id(answer) for status, answer in given["responses"].items()}
    return {
        "operationId": method + "".join(word[0].upper() + word[1:] for word in words),
        "tags": [section_of(path)],
        **given,
        "responses": answers,
    }


def _with_request_id(answer: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in answer:
        return dict(answer)
    return {**answer, "headers": {**header_refs("X-Request-Id"), **answer.get("headers", {})}}


def _schema(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(given)
    if "description" in made:
        made["description"] = in_markdown(made["description"])
    if name in EXAMPLES:
        made["examples"] = [EXAMPLES[name]]
    words = FIELD_WORDS.get(name, {})
    if "properties" in made:
        made["properties"] = dict(_fields(made["properties"], words))
    return made


def _fields(fields: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, schema in fields.items():
        yield name, {**schema, "description": words[name]} if name in words else schema


def _public_names(schemas: Mapping[str, Any]) -> dict[str, str]:
    """Return what each type is called; one whose name another has too is called by its room as well."""
    made: dict[str, str] = {}
    for name in schemas:
        room, _, own = name.rpartition(".")
        plain = own.lstrip("_")
        first = room.rpartition(".")[2].removeprefix("admin_").title().replace("_", "")
        made[name] = f"{first}.{plain}" if room else own if plain in schemas.keys() - {name} else plain
    return made


def _with_references(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: references.get(each, each) if name == "$ref" else _with_references(each, references)
            for name, each in value.items()
        }
    return [_with_references(each, references) for each in value] if isinstance(value, list | tuple) else value

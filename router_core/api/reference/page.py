"""The description as a page: one HTML document with its own style and script, and nothing from anywhere else."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from router_core.api.error_kinds import error_kinds
from router_core.api.reference.examples import curl
from router_core.api.reference.markup import Markup, joined, prose, tag
from router_core.api.reference.schemas import fields_table, limits, reference_name, type_words

__all__ = ["page", "page_policy"]

_FOLDER: Final = Path(__file__).parent
Operation = tuple[str, str, Mapping[str, Any]]


@cache
def _own(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def page_policy() -> str:
    """Return the Content-Security-Policy of the page: its own style and script, by what they say, and nothing else."""
    return (
        f"default-src 'none'; style-src {_digest('reference.css')}; script-src {_digest('reference.js')}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(document: Mapping[str, Any]) -> str:
    """Return ``document``, an OpenAPI description, as an HTML page."""
    sections = _sections(document)
    schemas, title = document["components"]["schemas"], f"{document['info']['title']} API"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", _own("reference.css")),
    )
    body = tag(
        "body",
        tag("input", type="checkbox", id="menu", aria_label="Contents"),
        tag(
            "header", tag("a", f"{document['info']['title']} API", href="#about"), tag("label", "Contents", for_="menu")
        ),
        _navigation(sections, schemas),
        tag("main", _about(document), *_operations(document, sections), _errors(), _types(schemas)),
        tag("script", _own("reference.js")),
    )
    return f"<!doctype html>{tag('html', head, body, lang='en')}"


def _digest(name: str) -> str:
    made = hashlib.sha256(_own(name).encode()).digest()
    return f"'sha256-{base64.b64encode(made).decode()}'"


def _sections(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {each["name"]: [] for each in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            found[operation["tags"][0]].append((method, path, operation))
    return {name: operations for name, operations in found.items() if operations}


def _navigation(sections: Mapping[str, list[Operation]], schemas: Mapping[str, Any]) -> Markup:
    groups = [
        tag("section", tag("h2", tag("a", name, href=f"#{_slug(name)}")), tag("ul", *map(_link, operations)))
        for name, operations in sections.items()
    ]
    errors = tag("section", tag("h2", tag("a", "Errors", href="#errors")))
    named = (tag("li", tag("a", name, href=f"#type-{name}")) for name in sorted(schemas))
    types = tag("section", tag("h2", tag("a", "Types", href="#types")), tag("ul", *named))
    return tag("nav", *groups, errors, types, aria_label="Contents")


def _link(operation: Operation) -> Markup:
    method, _, given = operation
    return tag("li", tag("a", _method(method), given["summary"], href=f"#{given['operationId']}"))


def _method(method: str) -> Markup:
    return tag("span", method.upper(), class_=f"method {method}")


def _about(document: Mapping[str, Any]) -> Markup:
    info = document["info"]
    machines = tag("p", "For machines: ", tag("a", "/api/openapi.json", href="/api/openapi.json"), ", OpenAPI 3.1.")
    return tag("section", tag("h1", info["title"], " API"), prose(info["description"]), machines, id="about")


def _operations(document: Mapping[str, Any], sections: Mapping[str, list[Operation]]) -> Iterator[Markup]:
    words = {each["name"]: each["description"] for each in document["tags"]}
    for name, operations in sections.items():
        shown = (_operation(each, document) for each in operations)
        yield tag("section", tag("h2", name), prose(words[name]), *shown, id=_slug(name))


def _operation(operation: Operation, document: Mapping[str, Any]) -> Markup:
    method, path, given = operation
    schemas = document["components"]["schemas"]
    command = tag("pre", tag("code", curl(method, path, given, schemas)))
    return tag(
        "article",
        tag("h3", tag("a", given["summary"], href=f"#{given['operationId']}")),
        tag("p", _method(method), tag("code", path), class_="path"),
        prose(given.get("description", "")),
        _who(given),
        _parameters(given.get("parameters", ())),
        _body(given, schemas),
        _answers(given, document),
        tag("h4", "Example"),
        tag("div", command, class_="copied"),
        id=given["operationId"],
    )


def _who(given: Mapping[str, Any]) -> Markup:
    roles = given.get("x-roles")
    return tag("p", "For ", ", ".join(roles), ".", class_="note") if roles else Markup()


def _parameters(parameters: Any) -> Markup:
    if not parameters:
        return Markup()
    fields = {each["name"]: {**each["schema"], "description": _place(each)} for each in parameters}
    needed = [each["name"] for each in parameters if each.get("required")]
    return joined((tag("h4", "Parameters"), fields_table({"properties": fields, "required": needed})))


def _place(parameter: Mapping[str, Any]) -> str:
    words = parameter.get("description") or parameter["schema"].get("description", "")
    return f"In the {parameter['in']}. {words}".strip()


def _body(given: Mapping[str, Any], schemas: Mapping[str, Any]) -> Markup:
    asked = given.get("requestBody")
    if asked is None:
        return Markup()
    shown = (_media(kind, media["schema"], schemas, is_answer=False) for kind, media in asked["content"].items())
    return joined((tag("h4", "Body"), prose(asked.get("description", "")), *shown))


def _media(kind: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], *, is_answer: bool) -> Markup:
    meant = schemas[reference_name(schema["$ref"])] if "$ref" in schema else schema
    words = meant.get("description", "") if kind != "application/json" or "$ref" in schema else ""
    is_told_below = "properties" in schema
    facts = ["object" if is_told_below else type_words(schema) if schema else "text", *limits(schema)]
    return tag(
        "div",
        tag("p", tag("code", kind), " ", joined(facts, ", ")),
        prose(words),
        fields_table(meant, is_answer=is_answer),
        class_="media",
    )


def _answers(given: Mapping[str, Any], document: Mapping[str, Any]) -> Markup:
    alike: list[tuple[Mapping[str, Any], list[str]]] = []
    for status, answer in given["responses"].items():
        content = {} if "$ref" in answer else answer.get("content", {})
        known = next((statuses for other, statuses in alike if other == content), None)
        if known is None:
            alike.append((content, [status]))
        else:
            known.append(status)
    schemas = document["components"]["schemas"]
    shown = (_alike(given["responses"], content, statuses, schemas) for content, statuses in alike)
    return joined((tag("h4", "Answers"), *shown))


def _alike(
    answers: Mapping[str, Any], content: Mapping[str, Any], statuses: list[str], schemas: Mapping[str, Any]
) -> Markup:
    """Return answers of one shape: a line for each, and for errors only where they are explained."""
    found = (_media(kind, each.get("schema", {}), schemas, is_answer=True) for kind, each in content.items())
    media = joined(found)
    if all(status >= "400" for status in statuses) and (len(statuses) > 1 or "$ref" in answers[statuses[0]]):
        links = joined((tag("a", status, href=f"#error-{status}") for status in sorted(statuses)), " ")
        return joined((tag("p", "Errors: ", links), media))
    named = (tag("p", tag("code", each), " ", answers[each]["description"], class_="status") for each in statuses)
    return joined((*named, media, _headers(answers[statuses[0]].get("headers", {}))))


def _headers(found: Mapping[str, Any]) -> Markup:
    named = joined((tag("code", name) for name in found), ", ")
    return tag("p", "Headers: ", named, class_="note") if found else Markup()


def _errors() -> Markup:
    head = tag("tr", *(tag("th", each, scope="col") for each in ("status", "code", "retryable", "when")))
    seen: set[int] = set()
    rows = []
    for kind in error_kinds():
        first = kind.status not in seen
        seen.add(kind.status)
        status = tag("td", str(kind.status), id=f"error-{kind.status}") if first else tag("td", str(kind.status))
        again = "yes" if kind.retryable else "no"
        code = tag("td", tag("code", kind.code))
        rows.append(tag("tr", status, code, tag("td", again), tag("td", prose(kind.when))))
    table = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll")
    return tag("section", tag("h2", "Errors"), prose(_ERROR_WORDS), table, id="errors")


_ERROR_WORDS: Final = (
    'An error is `{"error": {"code", "message", "retryable", "requestId", …}}`. '
    "What is `retryable` may be asked again, after `Retry-After` where there is one. `INVALID_API_KEY` is what a "
    "provider says of its own key: over HTTP it is `PROVIDER_UNAVAILABLE`."
)


def _types(schemas: Mapping[str, Any]) -> Markup:
    shown = (_type(name, schema) for name, schema in sorted(schemas.items()))
    return tag("section", tag("h2", "Types"), *shown, id="types")


def _type(name: str, schema: Mapping[str, Any]) -> Markup:
    table = fields_table(schema)
    words = prose(schema.get("description", ""))
    return tag("article", tag("h3", name), words, table or tag("p", type_words(schema)), id=f"type-{name}")


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")

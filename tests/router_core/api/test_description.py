"""The description for machines: valid, whole, and in words that its readers know."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from router_core.api.app import PATHS
from router_core.api.error_kinds import error_kinds
from router_core.api.errors import public_error
from router_core.api.openapi import openapi_document
from router_core.api.openapi_finish import in_markdown
from router_core.api.openapi_words import EXAMPLES, FIELD_WORDS, SECTIONS, section_of
from router_core.api.reference import ApiDescription
from router_core.api.reference.examples import example_of
from router_core.errors import InvalidAPIKeyError
from router_core.types import LLMRequest, LLMResponse

DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def described(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, found in document["paths"].items() for method in found}


def test_the_description_is_valid_by_the_official_schema() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # heavy, and every worker reads this file

    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_path_of_the_table_is_described_with_every_method_and_nothing_else() -> None:
    assert described(DOCUMENT) == {(method, path) for path, actions in PATHS.items() for method in actions}


def test_a_path_that_is_not_described_would_be_missed() -> None:
    table = {**PATHS, "/api/new": PATHS["/livez"]}
    assert ("GET", "/api/new") in {(method, path) for path, found in table.items() for method in found} - described(
        DOCUMENT
    )


def test_every_operation_has_a_name_of_its_own_a_section_and_answers_with_a_request_id() -> None:
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for name, operation in OPERATIONS:
        assert operation["tags"][0] in SECTIONS, name
        assert operation["summary"], name
        for answer in operation["responses"].values():
            known = answer if "headers" in answer else DOCUMENT["components"]["responses"][answer["$ref"][23:]]
            assert "X-Request-Id" in known["headers"], name


def test_a_path_of_no_section_is_an_error() -> None:
    with pytest.raises(LookupError, match="no section"):
        section_of("/elsewhere")


def test_every_section_is_used() -> None:
    assert {operation["tags"][0] for _, operation in OPERATIONS} >= SECTIONS.keys() - {"Compatible protocols"}


@pytest.mark.parametrize("kind", [LLMRequest, LLMResponse])
def test_every_field_of_requests_and_answers_is_said_in_words(kind: type) -> None:
    fields = SCHEMAS[kind.__name__]["properties"]
    assert [name for name, schema in fields.items() if not schema.get("description")] == []


def test_words_are_for_fields_that_exist() -> None:
    for name, words in FIELD_WORDS.items():
        assert words.keys() <= SCHEMAS[name]["properties"].keys(), name


def test_examples_are_what_the_types_take() -> None:
    assert msgspec.convert(EXAMPLES["LLMRequest"], LLMRequest).use_case == "draft"
    assert msgspec.convert(EXAMPLES["LLMResponse"], LLMResponse).success


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_errors_of_other_protocols_say_when_to_ask_again_and_when_not(path: str) -> None:
    answers = DOCUMENT["paths"][path]["post"]["responses"]
    told = {status: answers[status]["headers"].keys() & {"Retry-After", "X-Should-Retry"} for status in answers}
    assert (told["503"], told["402"]) == ({"Retry-After", "X-Should-Retry"}, {"X-Should-Retry"})


@pytest.mark.parametrize(
    ("name", "field"),
    [("TopUpOrder", "amount"), ("BudgetOrder", "limit"), ("PersonOrder", "email"), ("DrillOrder", "provider"),
     ("SheetOrder", "csv"), ("ChannelOrder", "target"), ("KeyOrder", "accountId")],
)  # fmt: skip
def test_what_must_be_more_than_any_text_is_shown_as_it_must_be(name: str, field: str) -> None:
    shown = example_of({"$ref": f"#/components/schemas/{name}"}, SCHEMAS)
    assert shown[field] == EXAMPLES[name][field] != "text"


def bodies() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, operation in OPERATIONS:
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            yield name, content["application/json"]["schema"]


@pytest.mark.parametrize("schema", [schema for _, schema in bodies()], ids=[name for name, _ in bodies()])
def test_every_example_fits_its_own_schema(schema: Mapping[str, Any]) -> None:
    import jsonschema  # heavy, and every worker reads this file

    # References mean the document, in which the schema stands beside all others.
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(whole).validate(example_of(schema, SCHEMAS))


def test_each_status_says_its_codes_and_429_and_503_when_to_come_back() -> None:
    answers = DOCUMENT["components"]["responses"]
    for kind in error_kinds():
        if kind.code != InvalidAPIKeyError.code:
            assert f"`{kind.code}`" in answers[f"Error{kind.status}"]["description"]
    assert all("Retry-After" in answers[name]["headers"] for name in ("Error429", "Error503"))
    assert "Retry-After" not in answers["Error400"]["headers"]


def test_a_code_that_no_client_sees_is_not_promised() -> None:
    codes = SCHEMAS["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    assert public_error(InvalidAPIKeyError("no", provider="p")).code in codes
    assert InvalidAPIKeyError.code not in codes


def test_nothing_in_it_is_the_code_s_own_affair() -> None:
    text = msgspec.json.encode(DOCUMENT).decode()
    for inside in ("router_core", "Raises", "``", ":class:", "#/components/schemas/_"):
        assert inside not in text
    assert [name for name in SCHEMAS if name.startswith("_")] == []


@pytest.mark.parametrize(
    ("docstring", "words"),
    [
        ("A count. Raises ``ValueError`` below zero.", "A count."),
        ("Raises :class:`TimeoutError` when ``max_wait`` is over.", ""),
        ("A ``max_wait``,\n    and :class:`~router_core.types.Cost`. More.", "A `maxWait`, and `Cost`. More."),
    ],
)
def test_docstrings_become_words_for_readers_of_json(docstring: str, words: str) -> None:
    assert in_markdown(docstring) == words


def test_what_is_served_once_for_a_key_takes_one() -> None:
    served_once = {path for path, actions in PATHS.items() for action in actions.values() if action.once}
    takes_key = {
        path
        for path, operations in DOCUMENT["paths"].items()
        for operation in operations.values()
        if "Idempotency-Key" in {each["name"] for each in operation.get("parameters", ())}
    }
    assert served_once == takes_key


def test_who_may_use_a_path_is_told() -> None:
    document = ApiDescription(lambda: PATHS).document()
    metrics = document["paths"]["/api/llm/metrics"]["get"]
    assert (metrics["x-permission"], metrics["x-roles"]) == ("metrics.read", ["owner", "admin or admin key"])
    assert "x-roles" not in document["paths"]["/livez"]["get"]


def test_references_lead_somewhere() -> None:
    text = msgspec.json.encode(DOCUMENT).decode()
    for kind, name in set(re.findall(r'"#/components/(\w+)/([^"]+)"', text)):
        assert name in DOCUMENT["components"][kind]

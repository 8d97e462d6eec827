"""The machine-readable description, made from the types that parse and answer."""

from collections.abc import Mapping
from typing import Any

import msgspec

from router_core.api.health import HealthAnswer, Life, Readiness
from router_core.api.openapi_admin import ADMIN_TYPES, admin_paths
from router_core.api.openapi_compatible import compatible_paths
from router_core.api.openapi_errors import ADMIN_STATUSES, ALL_STATUSES, error_answers, error_refs, error_schema
from router_core.api.openapi_finish import finished_paths, finished_schemas, with_public_names
from router_core.api.openapi_headers import IDEMPOTENCY_KEY, header_refs, headers
from router_core.api.openapi_shapes import Schema, json_content
from router_core.api.openapi_words import ABOUT, SECTIONS, STREAM_WORDS
from router_core.types import Decision, LLMRequest, LLMResponse

__all__ = ["openapi_document"]

_REF = "#/components/schemas/{name}"
_TEXT: Schema = {"type": "string"}
# Of events the schema is that of each of them.
_STREAMS: Mapping[str, Schema] = {
    "text/event-stream": {"type": "object", "required": ["data"], "properties": {"data": _TEXT}},
    "text/plain": _TEXT,
}


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the routes."""
    types = (LLMRequest, LLMResponse, Decision, HealthAnswer, Life, Readiness, *ADMIN_TYPES)
    found, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    of_type = dict(zip(types, found, strict=True))
    paths = {
        "/api/llm": {"post": _prompt(of_type)},
        "/api/llm/route": {"post": _dry_run(of_type)},
        "/api/llm/health": _open_get(
            "State of every provider",
            {"200": "All healthy", "503": "Not all healthy"},
            of_type[HealthAnswer],
            **error_refs(("400",)),
        ),
        "/metrics": _figures(),
        "/livez": _open_get("Process alive", {"200": "Alive"}, of_type[Life]),
        "/readyz": _open_get("Ready to serve", {"200": "Ready", "503": "Starting or draining"}, of_type[Readiness]),
        "/api/openapi.json": _open_get("This description", {"200": "OpenAPI 3.1"}, {"type": "object"}),
        "/api/docs": _page("This description for people", "A page"),
        **compatible_paths(),
        **admin_paths(of_type.__getitem__, error_refs(ADMIN_STATUSES)),
    }
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Signalbox",
            "version": "1",
            "summary": "An LLM router: routing, resilience, budgets and audit.",
            "description": ABOUT.strip(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"apiKey": []}, {"session": []}],
        "tags": [{"name": name, "description": text} for name, text in SECTIONS.items()],
        "paths": finished_paths(paths),
        "components": {
            "schemas": finished_schemas({**_as_on_this_path(schemas), "Error": error_schema()}),
            "responses": error_answers(),
            "headers": headers(),
            "securitySchemes": _schemes(),
        },
    }
    return with_public_names(document)


def _prompt(of_type: Mapping[type, Schema]) -> dict[str, Any]:
    streams = {kind: {"schema": {**_STREAMS[kind], "description": words}} for kind, words in STREAM_WORDS.items()}
    return {
        "summary": "Answer a prompt",
        "description": "The answer as a whole, or with `stream` in parts while it is made. What the AI SDK's `useChat` "
        "posts is taken as it is.",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": json_content(of_type[LLMRequest])},
        "responses": {
            "200": {
                "description": "The answer",
                "headers": header_refs("RateLimit-Policy", "RateLimit", "X-Signalbox-Cache", "Idempotent-Replayed"),
                "content": {**json_content(of_type[LLMResponse]), **streams},
            },
            **error_refs((*ALL_STATUSES, "422")),
        },
    }


def _dry_run(of_type: Mapping[type, Schema]) -> dict[str, Any]:
    return {
        "summary": "Say where a request would go, calling nothing",
        "requestBody": {"required": True, "content": json_content(of_type[LLMRequest])},
        "responses": {
            "200": {
                "description": "The decision",
                "headers": header_refs("RateLimit-Policy", "RateLimit"),
                "content": json_content(of_type[Decision]),
            },
            **error_refs(ALL_STATUSES),
        },
    }


def _as_on_this_path(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``schemas`` in which a request asks by prompt or by messages, not by both, and no answer is a vendor's."""
    forms = (("prompt", {"type": "string", "minLength": 1}), ("messages", {"type": "array", "minItems": 1}))
    asked = [{"required": [name], "properties": {name: form}} for name, form in forms]
    answer = schemas["LLMResponse"]
    own = {name: field for name, field in answer["properties"].items() if name != "native"}
    return {
        **schemas,
        "LLMRequest": {**schemas["LLMRequest"], "oneOf": asked},
        "LLMResponse": {**answer, "properties": own},
    }


def _open_get(summary: str, answers: Mapping[str, str], answer: Schema, **errors: Any) -> dict[str, Any]:
    content = json_content(answer)
    responses = {status: {"description": text, "content": content} for status, text in answers.items()}
    return {"get": {"summary": summary, "security": [], "responses": {**responses, **errors}}}


def _page(summary: str, what: str) -> dict[str, Any]:
    found = {"description": what, "content": {"text/html": {"schema": _TEXT}}}
    return {"get": {"summary": summary, "security": [], "responses": {"200": found}}}


def _figures() -> dict[str, Any]:
    summary = "Figures for Prometheus: to this machine, or with an admin key"
    found = {"description": "Text", "content": {"text/plain": {"schema": _TEXT}}}
    responses = {"200": found, **error_refs(("401", "403", "429", "503"))}
    return {"get": {"summary": summary, "security": [], "responses": responses}}


def _schemes() -> dict[str, Any]:
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `sbx_…`"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "signalbox_session",
            "description": "The console's session, to requests of its own pages",
        },
    }

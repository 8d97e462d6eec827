"""The machine-readable description, made from the types that parse and answer."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from router_core.api.call import Call
from router_core.api.encoding import encode_json
from router_core.api.openapi_admin import ADMIN_TYPES, admin_paths
from router_core.types import Decision, LLMRequest, LLMResponse

__all__ = ["describe_api", "openapi_document"]

_REF = "#/components/schemas/{name}"
_ERRORS = {
    "400": "The input is wrong; `field` names where",
    "401": "No or bad credentials",
    "402": "A budget is spent",
    "403": "The role or account does not allow it",
    "404": "No such thing",
    "408": "The body did not arrive in time",
    "409": "Somebody else was faster, it is done already, or a request with the same Idempotency-Key still runs",
    "413": "The body is too large",
    "415": "The body is not plain JSON in UTF-8",
    "422": "The Idempotency-Key was used with another body",
    "429": "Too many requests; see Retry-After",
    "500": "All attempts failed, or a fault of ours",
    "502": "The provider failed",
    "503": "It cannot be served now; see Retry-After",
    "504": "The deadline ran out",
}
_ADMIN_ERRORS = ("400", "401", "403", "404", "408", "409", "413", "415", "429", "500", "503")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request that is sent again with the same key and body is not served again: for 24 hours it gets "
    "the answer that it had, with `Idempotent-Replayed: true`",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_ERROR_SCHEMA = {
    "title": "Error",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "retryable", "requestId"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "retryable": {"type": "boolean"},
                "requestId": {"type": "string"},
                "field": {"type": "string"},
                "retryAfterMs": {"type": "integer"},
            },
            "additionalProperties": True,
        }
    },
}


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the routes."""
    types = (LLMRequest, LLMResponse, Decision, *ADMIN_TYPES)
    found, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    of_type = dict(zip(types, found, strict=True))
    request, response, decision = found[:3]
    stream = {"text/event-stream": {}, "text/plain": {"schema": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signalbox", "version": "1"},
        "security": [{"bearer": []}, {"apiKey": []}, {"session": []}],
        "paths": {
            "/api/llm": {
                "post": {
                    **_post("Answer a prompt", request, {**_json(response), **stream}),
                    "parameters": [_IDEMPOTENCY_KEY],
                }
            },
            "/api/llm/route": {
                "post": _post("Say where a request would go, calling nothing", request, _json(decision))
            },
            "/api/llm/health": _open_get("State of every provider", {"200": "All healthy", "503": "Not all healthy"}),
            "/metrics": _figures(),
            "/livez": _open_get("Process alive", {"200": "Alive"}),
            "/readyz": _open_get("Ready to serve", {"200": "Ready", "503": "Starting or draining"}),
            **admin_paths(of_type.__getitem__, _failures(_ADMIN_ERRORS)),
        },
        "components": {
            "schemas": {**_with_one_question(schemas), "Error": _ERROR_SCHEMA},
            "securitySchemes": _schemes(),
        },
    }


async def describe_api(call: Call) -> None:
    """Answer with the description, which is written once: anybody may ask for it, as often as they like."""
    await call.answer_bytes(_written())


@cache
def _written() -> bytes:
    return encode_json(openapi_document())


def _with_one_question(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``schemas`` in which a request asks by prompt or by messages, not by both."""
    forms = (("prompt", {"type": "string", "minLength": 1}), ("messages", {"type": "array", "minItems": 1}))
    asked = [{"required": [name], "properties": {name: form}} for name, form in forms]
    return {**schemas, "LLMRequest": {**schemas["LLMRequest"], "oneOf": asked}}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": dict(schema)}}


def _post(summary: str, request: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _json(request)},
        "responses": {"200": {"description": "Success", "content": dict(content)}, **_failures(_ERRORS)},
    }


def _failures(statuses: Iterable[str]) -> dict[str, Any]:
    error = _json({"$ref": _REF.format(name="Error")})
    return {status: {"description": _ERRORS[status], "content": error} for status in statuses}


def _open_get(summary: str, answers: Mapping[str, str]) -> dict[str, Any]:
    any_object = _json({"type": "object"})
    responses = {status: {"description": text, "content": any_object} for status, text in answers.items()}
    return {"get": {"summary": summary, "security": [], "responses": responses}}


def _figures() -> dict[str, Any]:
    found = _open_get("Figures for Prometheus: to this machine, or with an admin key", {"200": "Text"})
    responses = found["get"]["responses"]
    responses["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    responses |= _failures(("401", "403", "429", "503"))
    return found


def _schemes() -> dict[str, Any]:
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "session": {"type": "apiKey", "in": "cookie", "name": "signalbox_session"},
    }

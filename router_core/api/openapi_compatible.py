"""The part of the description that clients of other protocols use: roughly, since their own descriptions say it all."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from router_core.api.openapi_errors import ALL_STATUSES, error_answers
from router_core.api.openapi_headers import IDEMPOTENCY_KEY, header_refs
from router_core.api.openapi_shapes import Schema, json_content, query, with_path_parameters

__all__ = ["compatible_paths"]

_OBJECT: Final[Schema] = {"type": "object", "additionalProperties": True}
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_ANY_TEXT: Final[Schema] = {"type": "string"}
_OPENAI_ERROR: Final[Schema] = {
    **_OBJECT,
    "required": ["error"],
    "properties": {
        "error": {
            **_OBJECT,
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_MESSAGE: Final[Schema] = {
    **_OBJECT,
    "required": ["role", "content"],
    "properties": {"role": {"enum": ["system", "developer", "user", "assistant"]}, "content": {"type": "string"}},
}
_EXAMPLE: Final[Schema] = {
    "model": "use-case:draft",
    "messages": [{"role": "user", "content": "Confirm Tuesday at ten."}],
}
_CHAT: Final[Schema] = {
    **_OBJECT,
    "required": ["model", "messages"],
    "properties": {
        "model": {**_TEXT, "description": "A model, a provider's name, or a use case, such as `use-case:draft`"},
        "messages": {"type": "array", "minItems": 1, "maxItems": 2048, "items": _MESSAGE},
        "stream": {"type": ["boolean", "null"]},
    },
    "examples": [_EXAMPLE],
}
_ANTHROPIC_ERROR: Final[Schema] = {
    **_OBJECT,
    "required": ["type", "error", "request_id"],
    "properties": {
        "type": {"const": "error"},
        "error": {
            **_OBJECT,
            "required": ["type", "message"],
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
        },
        "request_id": {"type": "string"},
    },
}
_TURN: Final[Schema] = {
    **_OBJECT,
    "required": ["role", "content"],
    "properties": {"role": {"enum": ["user", "assistant"]}, "content": {"type": "string"}},
}
_COUNT: Final[Schema] = {
    **_OBJECT,
    "required": ["model", "messages"],
    "properties": {
        "model": _CHAT["properties"]["model"],
        "messages": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": _TURN},
        "system": {"type": "string"},
    },
    "examples": [_EXAMPLE],
}
_MESSAGES: Final[Schema] = {
    **_OBJECT,
    "required": [*_COUNT["required"], "max_tokens"],
    "properties": {
        **_COUNT["properties"],
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "stream": {"type": "boolean"},
    },
    "examples": [{**_EXAMPLE, "max_tokens": 200}],
}
_TOKENS: Final[Schema] = {
    **_OBJECT, "required": ["input_tokens"], "properties": {"input_tokens": {"type": "integer", "minimum": 0}},
}  # fmt: skip
_BETAS: Final[Mapping[str, Any]] = {
    "name": "anthropic-beta", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
    "description": "Features of the vendor's that the request wants, with commas between; passed on",
}  # fmt: skip
_RESPONSE: Final[Schema] = {
    **_OBJECT,
    "required": ["model", "input"],
    "properties": {
        "model": _CHAT["properties"]["model"],
        "input": _TEXT,
        "instructions": {"type": "string"},
        "stream": {"type": "boolean"},
    },
}
_EMBEDDINGS: Final[Schema] = {
    **_OBJECT,
    "required": ["model", "input"],
    "properties": {
        "model": {**_TEXT, "description": "An embedding model of OpenAI's, which needs no provider of its own"},
        "input": {**_TEXT, "description": "A text; or a list of texts, of tokens, or of lists of tokens"},
        "encoding_format": {"enum": ["float", "base64"]},
        "dimensions": {"type": "integer", "minimum": 1, "maximum": 65536},
    },
}
_MODEL: Final[Schema] = {**_OBJECT, "required": ["id"], "properties": {"id": {"type": "string"}}}
_MODELS: Final[Schema] = {
    **_OBJECT, "required": ["data"], "properties": {"data": {"type": "array", "items": _MODEL}},
}  # fmt: skip
_ANTHROPIC: Final[Mapping[str, Any]] = {
    "name": "anthropic-version", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "Whoever sends it is answered in Anthropic's shape",
}  # fmt: skip


def compatible_paths() -> dict[str, Any]:
    """Return the paths of other protocols."""
    page = [query("limit", {"type": "string"}), query("after_id", _ANY_TEXT), query("before_id", _ANY_TEXT)]
    chat_errors = _failures((*ALL_STATUSES, "422"), _OPENAI_ERROR)
    # Which of the two shapes it is, is up to the client.
    either = _failures(ALL_STATUSES, _OBJECT)
    return {
        "/v1/chat/completions": _post(
            "Answer a chat completion request of OpenAI's protocol, by any model", _CHAT, chat_errors, streams=True
        ),
        "/v1/responses": _post(
            "Answer a request for a response of OpenAI's protocol, by any model", _RESPONSE, chat_errors, streams=True
        ),
        "/v1/embeddings": _post("Turn texts into vectors, by an embedding model of OpenAI's", _EMBEDDINGS, chat_errors),
        "/v1/messages": _post(
            "Answer a message request of Anthropic's protocol, by any model",
            _MESSAGES,
            _failures((*ALL_STATUSES, "422"), _ANTHROPIC_ERROR),
            _BETAS,
            streams=True,
        ),
        "/v1/messages/count_tokens": {"post": _count()},
        "/v1/models": {"get": _get("What may be named as a model", _MODELS, either, [_ANTHROPIC, *page])},
        **{
            path: with_path_parameters(path, {"get": _get("One of them", _MODEL, either, [_ANTHROPIC])})
            for path in ("/v1/models/{model}",)
        },
    }


def _post(
    summary: str, asked: Schema, failures: Mapping[str, Any], *parameters: Mapping[str, Any], streams: bool = False
) -> dict[str, Any]:
    content = {**json_content(_OBJECT), **({"text/event-stream": {}} if streams else {})}
    return {
        "post": {
            "summary": summary,
            "parameters": [IDEMPOTENCY_KEY, *parameters],
            "requestBody": {"required": True, "content": json_content(asked)},
            "responses": {"200": _answer(content), **failures},
        }
    }


def _count() -> dict[str, Any]:
    told = header_refs(
        "RateLimit-Policy", "RateLimit", "X-Signalbox-Request-Id", "X-Signalbox-Provider", "X-Signalbox-Token-Count"
    )
    return {
        "summary": "Count what a model would read: its vendor does where it can, else it is estimated",
        "parameters": [_BETAS],
        "requestBody": {"required": True, "content": json_content(_COUNT)},
        "responses": {
            "200": {**_success(json_content(_TOKENS)), "headers": told},
            **_failures(ALL_STATUSES, _ANTHROPIC_ERROR),
        },
    }


def _get(summary: str, answer: Schema, failures: Mapping[str, Any], asked: list[Any]) -> dict[str, Any]:
    responses = {"200": _success(json_content(answer)), **failures}
    return {"summary": summary, "parameters": asked, "responses": responses}


def _success(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": "Success", "content": dict(content)}


def _answer(content: Mapping[str, Any]) -> dict[str, Any]:
    told = header_refs(
        "RateLimit-Policy", "RateLimit", "X-Signalbox-Request-Id", "X-Signalbox-Provider", "X-Signalbox-Cost-Usd",
        "X-Signalbox-Cache", "Idempotent-Replayed",
    )  # fmt: skip
    return {**_success(content), "headers": told}


def _failures(statuses: Iterable[str], schema: Schema) -> dict[str, Any]:
    own, content = error_answers(), json_content(schema)
    told = header_refs("RateLimit-Policy", "RateLimit", "X-Signalbox-Request-Id", "X-Should-Retry")
    return {
        each: {
            "description": own[f"Error{each}"]["description"],
            "headers": {**own[f"Error{each}"]["headers"], **told},
            "content": content,
        }
        for each in statuses
    }

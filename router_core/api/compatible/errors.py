"""Our errors in the words of each protocol: one table from code to type and code, and the two shapes of a body."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from router_core.api.errors import ErrorShape, Header, error_facts
from router_core.errors import LLMError, MaxRetriesExceededError, RequestRefusedError

__all__ = ["ANTHROPIC", "ERROR_WORDS", "OPENAI", "shape_of"]

_INVALID: Final = "invalid_request_error"
_SERVER: Final = "server_error"
# What Anthropic answers when it is, which its clients know from other faults of a server.
_OVERLOADED: Final = 529


class _Words(NamedTuple):
    """What an error is called: OpenAI's type and code, Anthropic's type."""

    openai: str
    code: str | None
    anthropic: str


# Where OpenAI has no code of its own for it, clients are told ours.
ERROR_WORDS: Final[Mapping[str, _Words]] = MappingProxyType(
    {
        "VALIDATION_ERROR": _Words(_INVALID, None, _INVALID),
        "TOKEN_LIMIT_EXCEEDED": _Words(_INVALID, "context_length_exceeded", _INVALID),
        "UNAUTHORIZED": _Words(_INVALID, "invalid_api_key", "authentication_error"),
        "PAYMENT_REQUIRED": _Words("insufficient_quota", "insufficient_quota", "insufficient_quota"),
        "FORBIDDEN": _Words("permission_error", "forbidden", "permission_error"),
        "NOT_FOUND": _Words(_INVALID, "not_found", "not_found_error"),
        "MODEL_NOT_FOUND": _Words(_INVALID, "model_not_found", "not_found_error"),
        "METHOD_NOT_ALLOWED": _Words(_INVALID, "method_not_allowed", _INVALID),
        "REQUEST_TIMEOUT": _Words(_INVALID, "request_timeout", "timeout_error"),
        "CONFLICT": _Words(_INVALID, "conflict", _INVALID),
        "IDEMPOTENCY_CONFLICT": _Words(_INVALID, "idempotency_conflict", _INVALID),
        "IDEMPOTENCY_MISMATCH": _Words(_INVALID, "idempotency_mismatch", _INVALID),
        "PAYLOAD_TOO_LARGE": _Words(_INVALID, "request_too_large", "request_too_large"),
        "UNSUPPORTED_MEDIA_TYPE": _Words(_INVALID, "unsupported_media_type", _INVALID),
        "RATE_LIMIT_EXCEEDED": _Words("requests", "rate_limit_exceeded", "rate_limit_error"),
        "RATE_LIMIT": _Words("requests", "rate_limit_exceeded", "rate_limit_error"),
        "MAX_RETRIES_EXCEEDED": _Words(_SERVER, "max_retries_exceeded", "api_error"),
        "INTERNAL_ERROR": _Words(_SERVER, "internal_error", "api_error"),
        "PROVIDER_ERROR": _Words(_SERVER, "provider_error", "api_error"),
        "CIRCUIT_BREAKER_OPEN": _Words(_SERVER, "circuit_breaker_open", "overloaded_error"),
        "PROVIDER_UNAVAILABLE": _Words(_SERVER, "provider_unavailable", "overloaded_error"),
        "NETWORK": _Words(_SERVER, "network", "api_error"),
        "OVERLOADED": _Words(_SERVER, "overloaded", "overloaded_error"),
        "TIMEOUT": _Words(_SERVER, "timeout", "timeout_error"),
    }
)
_OTHER: Final = _Words(_SERVER, None, "api_error")
# A fault found behind the protocol, by the name that the protocol has for what it is about.
_PARAMS: Final[Mapping[str, str]] = MappingProxyType(
    {"useCase": "model", "modelOverride": "model", "embeddings": "model"}
)
# What Anthropic calls a field that it cannot take: its clients' tool runners then go on without the field.
_DETAILS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"thread": {"error_code": "thread_unsupported_request"}}
)


def _openai_document(error: LLMError, request_id: str) -> dict[str, Any]:
    facts = error_facts(error, request_id)
    words = ERROR_WORDS.get(error.code, _OTHER)
    field = facts.get("field")
    param = "model" if error.code == "MODEL_NOT_FOUND" else _PARAMS.get(field, field) if field else None
    code = words.code
    if isinstance(error, RequestRefusedError):
        param, code = error.param or param, error.reason or code
    return {"error": {"message": facts["message"], "type": words.openai, "param": param, "code": code}}


def _anthropic_document(error: LLMError, request_id: str) -> dict[str, Any]:
    facts = error_facts(error, request_id)
    field = facts.get("field")
    # The protocol has no place for it, and its own messages begin with it.
    message = f"{_PARAMS.get(field, field)}: {facts['message']}" if field else facts["message"]
    cause = error.last_error if isinstance(error, MaxRetriesExceededError) else error
    is_overloaded = getattr(cause, "upstream_status", None) == _OVERLOADED
    kind = "overloaded_error" if is_overloaded else ERROR_WORDS.get(error.code, _OTHER).anthropic
    told: dict[str, Any] = {"type": kind, "message": message}
    if details := _DETAILS.get(field or ""):
        told["details"] = details
    return {"type": "error", "error": told, "request_id": request_id}


def _openai_headers(error: LLMError, request_id: str) -> tuple[Header, ...]:
    own_id = (b"x-signalbox-request-id", request_id.encode())
    # The official clients ask again by status alone, unless they are told that it is in vain.
    return (own_id,) if error.retryable else (own_id, (b"x-should-retry", b"false"))


def _anthropic_headers(error: LLMError, request_id: str) -> tuple[Header, ...]:
    return (*_openai_headers(error, request_id), (b"request-id", request_id.encode()))


OPENAI: Final = ErrorShape(_openai_document, _openai_headers)
ANTHROPIC: Final = ErrorShape(_anthropic_document, _anthropic_headers)


def shape_of(path: str, headers: Mapping[bytes, bytes]) -> ErrorShape | None:
    """Return the shape of errors of a protocol's path, None for a path that is in no protocol but our own.

    Both protocols have models: who says a version of Anthropic's is answered in its shape.
    """
    if not path.startswith("/v1/") and path != "/v1":
        return None
    return ANTHROPIC if path.startswith("/v1/messages") or b"anthropic-version" in headers else OPENAI

"""From an error to an HTTP answer: one table along the class tree, one body shape."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from router_core.errors import (
    IdempotencyConflictError,
    InternalError,
    InvalidAPIKeyError,
    LLMError,
    MaxRetriesExceededError,
    PayloadTooLargeError,
    ProviderUnavailableError,
    QuotaExceededError,
    RequestTimeoutError,
    UnauthorizedError,
    sanitize_message,
)

__all__ = ["OWN_SHAPE", "ErrorAnswer", "ErrorShape", "Header", "error_answer", "error_facts", "public_error"]

Header = tuple[bytes, bytes]

# What is wrong between us and a provider, not between the client and us.
_OUR_OWN_TROUBLE = (InvalidAPIKeyError, QuotaExceededError)
_WAIT_STATUSES = frozenset({429, 503})
_ENCODER = msgspec.json.Encoder()

# Headers that a class of errors brings along; a subclass inherits its parents'.
_HEADERS: dict[type[LLMError], tuple[Header, ...]] = {
    UnauthorizedError: ((b"www-authenticate", b'Bearer realm="signalbox"'),),
    # What the client still sends is not read, so the connection cannot serve another request.
    PayloadTooLargeError: ((b"connection", b"close"),),
    RequestTimeoutError: ((b"connection", b"close"),),
}


class ErrorAnswer(Struct, frozen=True):
    """An HTTP answer that says what went wrong."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


class ErrorShape(Struct, frozen=True):
    """How a protocol tells what went wrong: body and headers for an error, already public, and a request's id."""

    document: Callable[[LLMError, str], dict[str, Any]]
    headers: Callable[[LLMError, str], tuple[Header, ...]]


def public_error(error: LLMError) -> LLMError:
    """Return ``error`` as clients may know it.

    A provider that refuses *its* key, or whose account has no money left, is one that is not available.
    """
    if isinstance(error, _OUR_OWN_TROUBLE):
        return ProviderUnavailableError("No provider can serve the request now")
    if isinstance(error, MaxRetriesExceededError) and isinstance(error.last_error, _OUR_OWN_TROUBLE):
        return MaxRetriesExceededError(error.attempts, public_error(error.last_error))
    return InternalError() if error.code == InternalError.code else error


def error_facts(error: LLMError, request_id: str) -> dict[str, Any]:
    """Return the ``error`` object of an answer, free of keys and stacks. ``error`` is already public."""
    facts = {
        "code": error.code,
        "message": sanitize_message(error.message),
        "retryable": error.retryable,
        "requestId": request_id,
        **{name: sanitize_message(fact) if isinstance(fact, str) else fact for name, fact in error.context.items()},
    }
    if error.retry_after_ms is not None:
        facts["retryAfterMs"] = error.retry_after_ms
    return facts


OWN_SHAPE: Final = ErrorShape(lambda error, request_id: {"error": error_facts(error, request_id)}, lambda *_: ())


def error_answer(error: LLMError, request_id: str, shape: ErrorShape = OWN_SHAPE) -> ErrorAnswer:
    """Return the HTTP answer for ``error``."""
    shown = public_error(error)
    headers = tuple(header for each in type(shown).__mro__ for header in _HEADERS.get(each, ()))
    if shown.status_code in _WAIT_STATUSES or isinstance(shown, IdempotencyConflictError):
        headers = (*headers, (b"retry-after", _whole_seconds(shown.retry_after_ms)))
    body = _ENCODER.encode(shape.document(shown, request_id))
    return ErrorAnswer(shown.status_code, (*headers, *shape.headers(shown, request_id)), body)


def _whole_seconds(retry_after_ms: int | None) -> bytes:
    return b"%d" % max(1, -(-(retry_after_ms or 0) // 1000))

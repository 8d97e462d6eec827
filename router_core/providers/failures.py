"""What a provider's failure means: one table for both vendors, status and error code first, wording last."""

import re
from collections.abc import Mapping
from typing import Any

import httpx2
from msgspec import Struct

from router_core.clock import Clock
from router_core.errors.known_secrets import KnownSecrets
from router_core.errors.provider_errors import (
    ContentRefusedError,
    ContextTooLongError,
    InvalidAPIKeyError,
    LLMProviderError,
    NetworkError,
    ProviderConflictError,
    ProviderError,
    ProviderModelError,
    QuotaExceededError,
    RateLimitError,
    RequestRefusedError,
    TimeoutError,
    UnusableAnswerError,
)
from router_core.providers.headroom import headroom_of
from router_core.providers.retry_after import retry_after_ms
from router_core.providers.transport import ResponseTooLargeError
from router_core.types import ProviderCall, Usage

__all__ = [
    "Fault",
    "SdkErrors",
    "StreamFaultError",
    "UnreadableAnswerError",
    "UnusableCallError",
    "classify",
    "fault_of",
    "provider_error",
]

_PLACE = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,127}")
_NO_HEADERS: Mapping[str, str] = {}


class Fault(Struct, frozen=True, kw_only=True):
    """The facts of a failure: HTTP status, the vendor's error ``type``, ``code`` and ``param``, message and headers."""

    status: int
    type: str = ""
    code: str = ""
    param: str = ""
    message: str = ""
    headers: Mapping[str, str] = _NO_HEADERS


class SdkErrors(Struct, frozen=True):
    """An SDK's exceptions: ``status`` for answers that are no success, ``connection`` for answers that never came."""

    status: type[Exception]
    connection: type[Exception]


class UnreadableAnswerError(ValueError):
    """The answer is not what the vendor's protocol promises."""


class UnusableCallError(UnreadableAnswerError):
    """The model called a tool with arguments that nobody can use; ``usage`` is what the answer took, if known."""

    def __init__(self, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = usage


class StreamFaultError(Exception):
    """An error event inside a stream that had begun with status 200."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


_BY_STATUS: dict[int, type[ProviderError]] = {
    400: RequestRefusedError,
    401: InvalidAPIKeyError,
    402: QuotaExceededError,
    403: InvalidAPIKeyError,
    404: ProviderModelError,
    408: TimeoutError,
    409: ProviderConflictError,
    413: RequestRefusedError,
    422: RequestRefusedError,
    429: RateLimitError,
}

_BY_CODE: dict[str, type[ProviderError]] = {
    "insufficient_quota": QuotaExceededError,
    "billing_error": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "billing_not_active": QuotaExceededError,
    "context_length_exceeded": ContextTooLongError,
    "content_policy_violation": ContentRefusedError,
    "content_filter": ContentRefusedError,
    "model_not_found": ProviderModelError,
    "invalid_api_key": InvalidAPIKeyError,
}

# Only for a status that the table above calls a refused request: wording is the last resort.
_BY_WORDING: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (
        re.compile(r"maximum context length|prompt is too long|context (window|limit)", re.IGNORECASE),
        ContextTooLongError,
    ),
    (re.compile(r"credit balance is too low", re.IGNORECASE), QuotaExceededError),
)

# An error event in a stream has no status of its own: its type stands for one.
_STATUS_OF_TYPE: dict[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "insufficient_quota": 429,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "tokens": 429,
    "requests": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def classify(fault: Fault) -> type[ProviderError]:
    """Return the error class that ``fault`` stands for."""
    by_code = _BY_CODE.get(fault.code) or _BY_CODE.get(fault.type)
    if by_code is not None and 400 <= fault.status < 500:
        return by_code
    known = _BY_STATUS.get(fault.status)
    if known is RequestRefusedError:
        return next((kind for pattern, kind in _BY_WORDING if pattern.search(fault.message)), known)
    if known is not None:
        return known
    return RequestRefusedError if 400 <= fault.status < 500 else LLMProviderError


def fault_of(error: Mapping[str, Any], *, status: int | None = None, headers: Mapping[str, str] = _NO_HEADERS) -> Fault:
    """Return the facts of a vendor's ``error`` object; without ``status`` its type and code stand for one."""
    kind, code, param, message = (_text(error.get(name)) for name in ("type", "code", "param", "message"))
    if status is None:
        status = _STATUS_OF_TYPE.get(code) or _STATUS_OF_TYPE.get(kind) or 500
    return Fault(status=status, type=kind, code=code, param=param, message=message, headers=headers)


def provider_error(
    error: Exception, call: ProviderCall, sdk: SdkErrors, clock: Clock, known: KnownSecrets
) -> ProviderError | None:
    """Return the error of ours for ``error``, which becomes its cause; None for what is no fault of a provider.

    Texts of the provider show none of the ``known`` secrets.
    """
    made = _translate(error, call, sdk, clock, known)
    if made is not None and made is not error:
        made.__cause__ = error
    return made


def _translate(
    error: Exception, call: ProviderCall, sdk: SdkErrors, clock: Clock, known: KnownSecrets
) -> ProviderError | None:
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, sdk.status):
        return _from_fault(_status_fault(error), call, clock, known)
    if isinstance(error, StreamFaultError):
        return _from_fault(error.fault, call, clock, known)
    if isinstance(error, UnusableCallError):
        return UnusableAnswerError(known.clean(str(error)), provider=call.provider.name, usage=error.usage)
    if isinstance(error, UnreadableAnswerError):
        return LLMProviderError(known.clean(str(error)), provider=call.provider.name)
    network = error.__cause__ if isinstance(error, sdk.connection) else error
    return _from_network(network, call) if isinstance(network, Exception) else None


def _from_network(error: Exception, call: ProviderCall) -> ProviderError | None:
    name = call.provider.name
    if isinstance(error, ResponseTooLargeError):
        return LLMProviderError("The provider's answer is too large", provider=name)
    if isinstance(error, httpx2.ConnectTimeout):
        return TimeoutError(round(call.timeouts.connect * 1000), provider=name, waited_for="connect")
    if isinstance(error, httpx2.ConnectError | httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        told = str(error) if isinstance(error, httpx2.ConnectError) else "The base URL of the provider is not usable"
        return NetworkError(told, provider=name)
    if isinstance(error, httpx2.TransportError):
        return NetworkError("The connection to the provider broke", provider=name)
    return None


def _from_fault(fault: Fault, call: ProviderCall, clock: Clock, known: KnownSecrets) -> ProviderError:
    name = call.provider.name
    kind = classify(fault)
    message = known.clean(fault.message) or f"The provider answered {fault.status}"
    if kind is TimeoutError:
        return TimeoutError.by_provider(fault.status, provider=name)
    wait = retry_after_ms(fault.status, fault.headers, fault.message, clock.utcnow())
    made = kind(message, provider=name, upstream_status=fault.status, retry_after_ms=wait)
    if isinstance(made, RateLimitError):
        fields = [(field.encode(), value.encode()) for field, value in fault.headers.items()]
        made.headroom = headroom_of(fields, clock.utcnow())
    if isinstance(made, RequestRefusedError):
        made.param, made.reason = (text if _PLACE.fullmatch(text) else "" for text in (fault.param, fault.code))
    return made


def _status_fault(error: Any) -> Fault:
    body = error.body
    inner = body.get("error", body) if isinstance(body, dict) else None
    facts = inner if isinstance(inner, dict) else {}
    return fault_of(facts, status=error.status_code, headers=error.response.headers)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

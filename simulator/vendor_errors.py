"""Errors in each vendor's own shape: status, headers and body as the vendors send them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec

from simulator.models import Vendor

_OPENAI_KINDS: Final[Mapping[int, tuple[str, str | None, str]]] = MappingProxyType(
    {
        400: ("invalid_request_error", None, "The request could not be understood."),
        401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        403: (
            "invalid_request_error",
            "unsupported_country_region_territory",
            "Country, region, or territory not supported",
        ),
        404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
        408: ("invalid_request_error", "request_timeout", "Timed out reading the request."),
        429: (
            "tokens",
            "rate_limit_exceeded",
            "Rate limit reached on tokens per min (TPM): Limit 30000, Used 30000. Please try again in 976ms.",
        ),
        503: (
            "server_error",
            None,
            "That model is currently overloaded with other requests. You can retry your request.",
        ),
    }
)
_ANTHROPIC_KINDS: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        400: ("invalid_request_error", "The request could not be understood."),
        401: ("authentication_error", "invalid x-api-key"),
        402: ("billing_error", "There is an issue with your billing or payment information."),
        403: ("permission_error", "Your API key does not have permission to use the specified resource."),
        404: ("not_found_error", "Not Found"),
        413: ("request_too_large", "Request exceeds the maximum size"),
        429: ("rate_limit_error", "Number of request tokens has exceeded your per-minute rate limit."),
        504: ("timeout_error", "Request timed out."),
        529: ("overloaded_error", "Overloaded"),
    }
)
_SERVER_SORRY: Final = "The server had an error processing your request. Sorry about that! You can retry your request."


@dataclass
class WireError(Exception):
    """A request the vendor refuses, with what it says about it."""

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    type: str = "invalid_request_error"
    headers: dict[str, str] = field(default_factory=dict)


def openai_error(error: WireError) -> bytes:
    """Return OpenAI's body for an error, laid out as OpenAI does."""
    body = {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def anthropic_error(error: WireError, request_id: str) -> bytes:
    """Return Anthropic's body for an error."""
    inner = {"type": error.type, "message": error.message}
    return msgspec.json.encode({"type": "error", "error": inner, "request_id": request_id})


def default_error(vendor: Vendor, status: int) -> WireError:
    """Return what the vendor usually says with a status."""
    retry = {"x-should-retry": "true" if status in {408, 409, 429} or status >= 500 else "false"}
    if vendor == "anthropic":
        kind, message = _ANTHROPIC_KINDS.get(status, ("api_error", "Internal server error"))
        return WireError(status, message, type=kind, headers=retry)
    kind, code, message = _OPENAI_KINDS.get(status, ("server_error", None, _SERVER_SORRY))
    return WireError(status, message, code=code, type=kind)


def stream_error(vendor: Vendor, kind: str | None, request_id: str) -> bytes:
    """Return the error event a vendor sends inside a stream that began with 200."""
    if vendor == "anthropic":
        error = WireError(529, "Overloaded", type=kind or "overloaded_error")
        return b"event: error\ndata: " + anthropic_error(error, request_id) + b"\n\n"
    inner: dict[str, Any] = {"message": _SERVER_SORRY, "type": kind or "server_error", "param": None, "code": None}
    return b"data: " + msgspec.json.encode({"error": inner}) + b"\n\n"


def response_error(kind: str | None, number: int) -> bytes:
    """Return the event with that number by which a stream of Responses says that it has failed."""
    inner = {"type": kind or "server_error", "code": kind or "server_error", "message": _SERVER_SORRY, "param": None}
    event = {"type": "error", "error": inner, "sequence_number": number}
    return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"

"""What a connection is told that breaks the rules before any route sees its request."""

from typing import Final

from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from router_core.api.errors import OWN_SHAPE, ErrorShape, error_answer
from router_core.errors import (
    LLMError,
    MethodNotAllowedError,
    OverloadedError,
    PayloadTooLargeError,
    RequestTimeoutError,
    ValidationError,
)

__all__ = [
    "BAD_CODING", "BAD_HOST", "BAD_SYNTAX", "BAD_TARGET", "LARGE_BODY", "LARGE_HEAD", "LATE", "LONG_LINE", "METHODS",
    "NOT_A_HANDSHAKE", "NO_SEAT", "OTHER_METHOD", "TOO_FAR_AHEAD", "Refusal",
]  # fmt: skip

METHODS: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})


class Refusal(Struct, frozen=True):
    """An error, and the status it has where that is another than the error's own."""

    error: LLMError
    status: int | None = None

    def answer(self, request_id: str, shape: ErrorShape | None = None) -> bytes:
        """Return the whole HTTP answer, in our own shape unless told otherwise; then the connection closes."""
        told = error_answer(self.error, request_id, shape or OWN_SHAPE)
        headers = [
            *(header for header in told.headers if header[0] != b"connection"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(told.body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        if isinstance(self.error, MethodNotAllowedError):
            headers.append((b"allow", b", ".join(sorted(METHODS))))
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return b"%s%s\r\n%s" % (STATUS_LINE[self.status or told.status], lines, told.body)


BAD_SYNTAX: Final = Refusal(ValidationError("The request is not valid HTTP"))
BAD_HOST: Final = Refusal(ValidationError("Exactly one Host header with a name or address is required", field="Host"))
BAD_TARGET: Final = Refusal(ValidationError("The request must name a path"))
BAD_CODING: Final = Refusal(ValidationError("The only transfer coding is chunked", field="Transfer-Encoding"))
OTHER_METHOD: Final = Refusal(MethodNotAllowedError("The method is not taken anywhere"))
LONG_LINE: Final = Refusal(ValidationError("The path and query are too long"), 414)
LARGE_HEAD: Final = Refusal(ValidationError("The headers are too many or too large"), 431)
LARGE_BODY: Final = Refusal(PayloadTooLargeError("The body is too large"))
LATE: Final = Refusal(RequestTimeoutError("The request did not arrive in time"))
NOT_A_HANDSHAKE: Final = Refusal(ValidationError("A websocket begins with a GET of HTTP/1.1 without a body"))
TOO_FAR_AHEAD: Final = Refusal(OverloadedError("Too many requests wait on one connection"))
NO_SEAT: Final = Refusal(OverloadedError("Too many connections are open"))

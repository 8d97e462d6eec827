"""One HTTP call as the handlers see it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.types import Message, Receive, Scope, Send

from router_core.api.deps import ApiDeps, DepsSource
from router_core.api.errors import OWN_SHAPE, ErrorShape, Header, error_answer
from router_core.api.quota_headers import quota_headers
from router_core.clock import Clock, new_ulid
from router_core.errors import LLMError
from router_core.errors.sanitizer import redact
from router_core.rate_limiting.quota import QuotaSlip
from router_core.types import Principal

__all__ = ["Call", "ClientGoneError", "is_request_id"]

_CLIENT_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_USUAL_ID = re.compile(rb"[0-9A-Fa-f-]{1,64}|[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}")
_ENCODER = msgspec.json.Encoder()
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_NO_STORE = (b"cache-control", b"no-store")
_JSON = (b"content-type", b"application/json")


class ClientGoneError(Exception):
    """The client closed the connection; nobody is left to answer."""


class Call:
    """An HTTP request, its id, who makes it, and the way to answer it.

    ``route`` is its path as the table of all paths has it, ``shape`` how it is told what went wrong. ``failure`` is
    what became of it when that is no success, also of a stream that broke off; whoever ends an answer so sets it first.
    ``on_end`` is called when all is over.
    """

    __slots__ = (
        "_source", "failure", "headers", "on_end", "principal", "quota", "raw_headers", "receive", "request_id",
        "route", "scope", "send", "shape", "started",
    )  # fmt: skip

    principal: Principal

    def __init__(self, scope: Scope, receive: Receive, send: Send, source: DepsSource, route: str) -> None:
        self._source = source
        self.route = route
        self.scope = scope
        self.receive = receive
        self.send = send
        self.raw_headers: list[Header] = scope["headers"]
        # The last of several equal headers; where several matter, raw_headers tells.
        self.headers: dict[bytes, bytes] = dict(self.raw_headers)
        self.request_id = ""
        self.started = False
        self.failure: Exception | None = None
        self.on_end: Callable[[], Awaitable[None]] | None = None
        self.shape: ErrorShape = OWN_SHAPE
        self.quota = QuotaSlip()

    @property
    def deps(self) -> ApiDeps:
        """What the handlers work with. Raises :class:`OverloadedError` while the process is starting."""
        return self._source()

    @property
    def address(self) -> str:
        """Where the caller is: the peer of the connection, or what a trusted proxy says; the server's front decides."""
        client = self.scope.get("client")
        return client[0] if client else ""

    def parameter(self, name: str) -> str:
        """Return the value of a parameter of the path."""
        value: str = self.scope["path_params"][name]
        return value

    def identify(self, clock: Clock) -> None:
        """Take over the client's own request id where it is harmless, else make one."""
        given = self.headers.get(b"x-request-id")
        self.request_id = given.decode() if given is not None and is_request_id(given) else new_ulid(clock)

    async def start(self, status: int, headers: tuple[Header, ...]) -> None:
        """Send the head of the answer, which nobody on its way may keep."""
        self.started = True
        own_id = (b"x-request-id", self.request_id.encode())
        own = (*headers, _NO_STORE, _NOSNIFF, own_id, *quota_headers(self.quota.lines))
        await self.send({"type": "http.response.start", "status": status, "headers": own})

    async def write(self, body: bytes, *, last: bool = False) -> None:
        """Send a piece of the answer's body."""
        message: Message = {"type": "http.response.body", "body": body, "more_body": not last}
        await self.send(message)

    async def answer(self, document: Any, status: int = 200, headers: tuple[Header, ...] = ()) -> None:
        """Answer with ``document`` as JSON."""
        await self.answer_bytes(_ENCODER.encode(document), status, headers)

    async def answer_bytes(self, body: bytes, status: int = 200, headers: tuple[Header, ...] = ()) -> None:
        """Answer with JSON text."""
        await self.start(status, (_JSON, (b"content-length", b"%d" % len(body)), *headers))
        await self.write(body, last=True)

    async def fail(self, error: LLMError, headers: tuple[Header, ...] = ()) -> None:
        """Answer with ``error``."""
        self.failure = error
        answer = error_answer(error, self.request_id, self.shape)
        await self.answer_bytes(answer.body, answer.status, (*answer.headers, *headers))


def is_request_id(given: bytes) -> bool:
    """Say whether ``given`` is harmless as the id of a request: in headers, logs and the audit log alike."""
    if _CLIENT_ID.fullmatch(given) is None:
        return False
    # What everybody uses is told at once; a key that somebody sends by mistake is not written down.
    return _USUAL_ID.fullmatch(given) is not None or redact(text := given.decode()) == text

"""HTTP/1.1 on a raw asyncio protocol: requests in, bytes out, nothing the simulator does not need."""

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import httptools

from simulator.exchange import Exchange

_MOST_BODY_BYTES: Final = 64 * 1_048_576
_MOST_WAITING: Final = 64
_REFUSED: Final = b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(slots=True)
class Request:
    """One request, read to its end; header names are in lower case."""

    method: str = ""
    path: str = ""
    query: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    keep_alive: bool = True


class Service(Protocol):
    """What answers requests."""

    def handle(self, request: Request, line: "HttpLine") -> Exchange | None:
        """Answer at once (None), or return the exchange that goes on answering."""
        ...

    def connected(self, change: int) -> None:
        """Note a connection more or less."""
        ...


class HttpLine(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    __slots__ = ("_body", "_exchange", "_parser", "_request", "_service", "_size", "_transport", "_waiting", "paused")

    def __init__(self, service: Service) -> None:
        self._service = service
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._request = Request()
        self._body: list[bytes] = []
        self._size = 0
        self._waiting: deque[Request] = deque()
        self._exchange: Exchange | None = None
        self.paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._service.connected(1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name asyncio calls it by
        """End what was under way."""
        self._service.connected(-1)
        self._transport = None
        self._waiting.clear()
        if self._exchange is not None:
            self._exchange.abandon()
            self._exchange = None

    def data_received(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, UnicodeDecodeError):
            self._refuse(b"400 Bad Request")

    def pause_writing(self) -> None:
        """Stop sending: the client reads too slowly."""
        self.paused = True

    def resume_writing(self) -> None:
        """Send on."""
        self.paused = False
        if self._exchange is not None:
            self._exchange.advance()

    def on_message_begin(self) -> None:
        """Start a new request."""
        self._request = Request()
        self._body = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Take the target (it may come in parts)."""
        self._request.path += url.decode("ascii")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        name = name.lower()
        self._request.headers[name] = value
        if name == b"expect":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._size += len(data)
        if self._size > _MOST_BODY_BYTES:
            self._refuse(b"413 Content Too Large")
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Answer the request, or have it wait for the one before."""
        request = self._request
        request.method = self._parser.get_method().decode("ascii")
        request.keep_alive = self._parser.should_keep_alive()
        request.path, _, request.query = request.path.partition("?")
        request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if self._transport is None:
            return
        if self._exchange is None:
            self._answer(request)
        elif len(self._waiting) < _MOST_WAITING:
            self._waiting.append(request)
        else:
            self._refuse(b"429 Too Many Requests")

    def write(self, data: bytes) -> None:
        """Send bytes, if the connection still stands."""
        if self._transport is not None:
            self._transport.write(data)

    def finish(self) -> None:
        """Take the next request that waits."""
        self._exchange = None
        if not self._request.keep_alive and not self._waiting:
            self.close()
        elif self._waiting:
            self._answer(self._waiting.popleft())

    def reset(self) -> None:
        """Break the connection so that the peer sees a reset."""
        self._exchange = None
        if self._transport is None:
            return
        peer = self._transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def close(self) -> None:
        """Close the connection once all is sent."""
        self._exchange = None
        if self._transport is not None:
            self._transport.close()

    def _answer(self, request: Request) -> None:
        exchange = self._service.handle(request, self)
        if exchange is not None:
            self._exchange = exchange
            exchange.start()
        elif not request.keep_alive:
            self.close()

    def _refuse(self, status: bytes) -> None:
        self.write(_REFUSED % status)
        self.close()

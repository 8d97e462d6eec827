"""Our HTTP connections: the one parser there is, in front of which bytes, time and number are bounded.

The parser (llhttp by httptools, pinned in the lock) refuses by itself what could be read in two ways: two lengths, a
length beside a coding, bare line feeds, folded lines. What it lets pass and we do not is refused here, before the
application hears of the request.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidMessage

from router_core.api.compatible.errors import shape_of
from router_core.api.host import is_host
from router_core.clock import new_ulid
from signalbox.inbound import refusals
from signalbox.inbound.limits import ConnectionGuard
from signalbox.inbound.refusals import Refusal

__all__ = ["GuardedProtocol", "guarded_protocol", "guarded_sockets"]

UNSENT_BYTES: Final = 128 * 1024
"""What the system takes beyond what is on its way to the client; throughput does not depend on it."""

# What a byte of a body takes at most on the wire, in a chunk of its own; more is extensions of chunks, and trailers.
_MOST_PER_BYTE: Final = 6
_log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """Stops the parser; the connection knows why."""


class GuardedProtocol(HttpToolsProtocol):
    """An HTTP connection within the limits of its ``guard``. Times run only while a request is being received."""

    guard: ConnectionGuard

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phase = "idle"  # then head, then body; gone when another protocol has the connection
        self._head_left = self.guard.limits.head
        self._body_size = 0
        self._body_wire = 0
        self._body_began = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None
        self._left_to_discard = 0
        self._address: str | None = None
        self._running: RequestResponseCycle | None = None  # others wait in the pipeline, the newest is ``cycle``

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a seat, and begin to wait for the first request."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self.guard.seats.is_free(address):
            transport.write(refusals.NO_SEAT.answer(new_ulid(self.guard.clock)))
            transport.close()
            return
        self.guard.seats.take(address)
        self._address = address
        # It would take megabytes that a client does not read, and the provider with them.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        self._deadline = self.loop.call_later(self.guard.limits.head_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the seat back."""
        self._leave()
        self._continue_writing()
        self.pipeline.clear()
        if self._running is not None:
            _disconnect(self._running)
        super().connection_lost(exc)

    def go_on(self) -> None:
        """Wait for the next request as long as idle connections are kept."""
        self._unset_deadline()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as the client keeps to the rules."""
        if self._refusal is not None:
            self._discard(len(data))
            return
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._refuse(self._why())
            return
        self._watch()

    def on_message_begin(self) -> None:
        self._phase = "head"
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self.guard.limits.line:
            self._stop(refusals.LONG_LINE)

    def on_headers_complete(self) -> None:
        refusal = self._judged()
        if refusal is not None:
            self._stop(refusal)
        self._phase = "body"
        self._body_size = self._body_wire = 0
        self._left_to_discard = self.guard.limits.discard
        super().on_headers_complete()
        if len(self.pipeline) > self.guard.limits.ahead:
            self._stop(refusals.TOO_FAR_AHEAD)
        if not self.parser.should_upgrade():
            self.headers = []  # what comes behind a chunked body is no header of the request

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size > self.guard.limits.body:
            self._stop(refusals.LARGE_BODY)
        if self._owes_nothing():
            self._left_to_discard -= len(body)
            if self._left_to_discard < 0:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = "idle"
        self._head_left = self.guard.limits.head
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request, and read on when nobody waits."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection and its seat over."""
        self._leave()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        self._stall = self.loop.call_later(self.guard.limits.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._continue_writing()
        super().resume_writing()

    def _feed(self, data: bytes) -> None:
        """Give the parser no more of a head than there may be, so that it never holds more."""
        while self._phase != "body" and len(data) > self._head_left:
            piece, data = data[: self._head_left], data[self._head_left :]
            self._head_left = 0
            self.parser.feed_data(piece)
            if not self._head_left and self._phase != "body":
                self._refusal = refusals.LARGE_HEAD
                raise httptools.HttpParserError
        if self._phase == "body":
            self._body_wire += len(data)
            self.parser.feed_data(data)
            if self._body_wire - _MOST_PER_BYTE * self._body_size > self.guard.limits.head:
                self._refusal = refusals.LARGE_BODY
                raise httptools.HttpParserError
        else:
            self._head_left -= len(data)
            self.parser.feed_data(data)

    def _upgrade(self) -> None:
        if self._should_upgrade():
            self.handle_websocket_upgrade()
            self._phase = "gone"
        elif (cycle := self._newest()) is not None:
            cycle.keep_alive = False  # the parser cannot go on behind what it took for another protocol

    def _judged(self) -> Refusal | None:
        """Return what is wrong with the head. Most have one host, a path, and a length at most."""
        headers = self.headers
        found, limits = dict(headers), self.guard.limits
        host, is_old = found.get(b"host"), self.parser.get_http_version() == "1.0"
        refusal = None
        if len(headers) > limits.headers:
            refusal = refusals.LARGE_HEAD
        elif self.parser.get_method() not in refusals.METHODS:
            refusal = refusals.OTHER_METHOD
        elif self.url[:1] != b"/":
            refusal = refusals.BAD_TARGET
        elif _is_bad_host(host, is_old=is_old) or (len(found) != len(headers) and _count(headers, b"host") > 1):
            refusal = refusals.BAD_HOST
        elif b"transfer-encoding" in found and (is_old or not _is_chunked(headers)):
            refusal = refusals.BAD_CODING
        elif self.parser.should_upgrade() and self._should_upgrade() and not self._is_handshake(found):
            refusal = refusals.NOT_A_HANDSHAKE
        elif int(found.get(b"content-length", b"0")) > limits.body:
            refusal = refusals.LARGE_BODY
        return refusal

    def _is_handshake(self, found: dict[bytes, bytes]) -> bool:
        is_get = self.parser.get_method() == b"GET" and self.parser.get_http_version() == "1.1"
        return is_get and not found.keys() & {b"content-length", b"transfer-encoding"}

    def _why(self) -> Refusal:
        return self._refusal or refusals.BAD_SYNTAX

    def _stop(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise _RefusedError

    def _watch(self) -> None:
        """Keep the deadline that fits what is being received; most requests come whole and never need one."""
        if self._phase == "body":
            if not self._body_began:
                self._unset_deadline()
                self._body_began = self.loop.time()
                self._deadline = self.loop.call_later(self.guard.limits.body_s, self._body_is_late)
        elif self._phase == "idle" and not self._owes_nothing():
            self._unset_deadline()
        elif self._phase == "idle" and self._body_began:
            self.go_on()  # the rest of a request that was answered before it had come
        elif self._phase != "gone" and self._deadline is None:
            self._deadline = self.loop.call_later(self.guard.limits.head_s, self._head_is_late)

    def _head_is_late(self) -> None:
        self._deadline = None
        if self._phase == "idle":
            self.transport.close()
        else:
            self._refuse(refusals.LATE)

    def _body_is_late(self) -> None:
        now, limits = self.loop.time(), self.guard.limits
        if self.flow.read_paused:  # it is us who do not read
            self._body_began = now
        rest = self._body_began + limits.body_s + self._body_size / limits.body_rate - now
        if rest > 0:
            self._deadline = self.loop.call_later(rest, self._body_is_late)
        else:
            self._deadline = None
            self._refuse(refusals.LATE)

    def _refuse(self, refusal: Refusal) -> None:
        """Say why where nothing was said yet, take the request away from the application, and let the client go."""
        self._refusal = refusal
        self._unset_deadline()
        if self.transport.is_closing():
            return
        request_id = new_ulid(self.guard.clock)
        _log.info("request %s of %s was refused: %s", request_id, self._address, refusal.error.message)
        self._left_to_discard = self.guard.limits.discard
        may_say = self._take_back() if self._phase == "body" else True
        if not self._owes_nothing():
            self.cycle.keep_alive = False  # what came whole is answered first; the connection closes behind it
            return
        if may_say:
            shape = shape_of((self.url or b"").decode("latin-1"), dict(self.headers or ()))
            self.transport.write(refusal.answer(request_id, shape))
        # A connection that is closed with bytes unread is reset, and the client may never see the answer.
        self.transport.write_eof()
        self.flow.resume_reading()
        self._deadline = self.loop.call_later(self.guard.limits.linger_s, self.transport.abort)

    def _take_back(self) -> bool:
        """Take the request that never came whole away from the application; return whether nothing was said to it."""
        cycle = self.cycle
        if self.pipeline:  # it waits, so it is the newest there
            self.pipeline.popleft()
            last = self.pipeline[0][0] if self.pipeline else self._running
            if last is not None:
                self.cycle = last
            return True
        if not cycle.response_complete:
            _disconnect(cycle)
            cycle.response_complete = True
        return not cycle.response_started

    def _discard(self, size: int) -> None:
        self._left_to_discard -= size
        if self._left_to_discard < 0:
            self.transport.abort()

    def _newest(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, whatever its type says

    def _owes_nothing(self) -> bool:
        """Say whether every request that came whole has its answer."""
        cycle = self._newest()
        return cycle is None or (cycle.response_complete and not self.pipeline)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _leave(self) -> None:
        self._unset_deadline()
        if self._address is not None:
            self.guard.seats.leave(self._address)
            self._address = None

    def _unset_deadline(self) -> None:
        self._body_began = 0.0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _continue_writing(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


class _GuardedSocket(WebSocketsSansIOProtocol):
    """A websocket, whose connection goes on to count."""

    guard: ConnectionGuard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the seat."""
        super().connection_made(transport)
        self.guard.seats.take(self.client[0] if self.client else "")

    def data_received(self, data: bytes) -> None:
        """Read on; who cannot be understood hears so, which uvicorn leaves out, and has no more time."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            is_large = not isinstance(self.conn.handshake_exc, InvalidMessage)
            refusal = refusals.LARGE_HEAD if is_large else refusals.BAD_SYNTAX
            self.transport.write(refusal.answer(new_ulid(self.guard.clock)))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the seat back."""
        self.guard.seats.leave(self.client[0] if self.client else "")
        super().connection_lost(exc)


def _disconnect(cycle: RequestResponseCycle) -> None:
    """Let the application hear that the client left; what it still sends goes nowhere."""
    cycle.disconnected = True
    cycle.message_event.set()


def _is_bad_host(host: bytes | None, *, is_old: bool) -> bool:
    return not is_old if host is None else not is_host(host)


def _is_chunked(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return [value.lower() for name, value in headers if name == b"transfer-encoding"] == [b"chunked"]


def _count(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> int:
    return sum(key == name for key, _ in headers)


def guarded_protocol(guard: ConnectionGuard) -> type[GuardedProtocol]:
    """Return the protocol of HTTP connections within ``guard``."""
    return type("GuardedProtocol", (GuardedProtocol,), {"guard": guard})


def guarded_sockets(guard: ConnectionGuard) -> type[WebSocketsSansIOProtocol]:
    """Return the protocol of websockets within ``guard``."""
    return type("GuardedSocket", (_GuardedSocket,), {"guard": guard})

"""Clients that send on without waiting, ask for another protocol, or leave: what is held for them, and how it ends."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Receive, Scope, Send

from router_core.clock import SystemClock
from signalbox.inbound.limits import ConnectionGuard, ConnectionLimits, ConnectionSeats
from signalbox.inbound.protocol import guarded_protocol, guarded_sockets
from tests.support.api_server import serving
from tests.support.raw_http import exchange, parsed, raw_connection, read_to_the_end

LIMITS = ConnectionLimits(head_s=0.5, linger_s=0.2, ahead=4)
ONE = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
SOCKET = UPGRADE + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@dataclass
class Slow:
    """An application that answers in two pieces, the second when it may; on ``/wait`` it waits for the end."""

    asked: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["type"])
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
            return
        if scope["path"] == "/wait":
            self.begun.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        self.begun.set()
        await asyncio.get_running_loop().run_in_executor(None, self.may_end.wait, 10)
        await send({"type": "http.response.body", "body": b"cd"})


@contextmanager
def served(app: Slow) -> Iterator[int]:
    guard = ConnectionGuard(LIMITS, ConnectionSeats(), SystemClock())
    with serving(app, http=guarded_protocol(guard), ws=guarded_sockets(guard)) as port:
        yield port


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Slow()
    app.may_end.set()
    with served(app) as found:
        yield found


def test_what_is_sent_ahead_of_the_answers_is_bounded_and_what_was_taken_is_answered() -> None:
    app = Slow()
    with served(app) as port, raw_connection(port) as client:
        client.sendall(ONE * 1000)
        assert app.begun.wait(5)
        app.may_end.set()
        got = read_to_the_end(client)
    assert got.count(b"HTTP/1.1 200 OK") == len(app.asked) == LIMITS.ahead + 1
    assert got.count(b"abcd") == LIMITS.ahead + 1


def test_more_is_read_when_what_was_sent_ahead_has_its_answers(port: int) -> None:
    with raw_connection(port) as client:
        for _ in range(20):
            client.sendall(ONE * LIMITS.ahead)
            got = b""
            while got.count(b"abcd") < LIMITS.ahead:
                got += client.recv(65_536)


@pytest.mark.parametrize("behind", [b"GARBAGE\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"])
def test_a_whole_request_gets_its_whole_answer_whatever_comes_behind_it(behind: bytes) -> None:
    app = Slow()
    with served(app) as port, raw_connection(port) as client:
        client.sendall(ONE)
        assert app.begun.wait(5)
        client.sendall(behind)
        app.may_end.set()
        got = read_to_the_end(client)
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert b"abcd" in got


def test_a_broken_request_in_the_same_packet_does_not_take_the_answer_before_it(port: int) -> None:
    answer = exchange(port, ONE + b"GARBAGE\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"abcd")


def test_an_application_hears_that_its_client_left_though_more_was_sent_ahead() -> None:
    app = Slow()
    with served(app) as port:
        with raw_connection(port) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + ONE * 2)
            assert app.begun.wait(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert app.left.wait(5)


LONG = b"y" * 9000
WEBSOCKETS = {
    "another method": b"POST / HTTP/1.1\r\nHost: a\r\n" + SOCKET + b"\r\n",
    "a body": b"POST / HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"Content-Length: 5\r\n\r\nhello",
    "a body of GET": b"GET / HTTP/1.1\r\nHost: a\r\n" + SOCKET + b"Content-Length: 5\r\n\r\nhello",
    "a body in chunks": b"GET / HTTP/1.1\r\nHost: a\r\n" + SOCKET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an old version": b"GET / HTTP/1.0\r\nHost: a\r\n" + SOCKET + b"\r\n",
    "no key": b"GET / HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"\r\n",
    "a long line": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + LONG + b"\r\n" + SOCKET + b"\r\n",
    "a long path": b"GET /" + LONG + b" HTTP/1.1\r\nHost: a\r\n" + SOCKET + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", WEBSOCKETS)
def test_a_handshake_that_is_none_is_answered_and_the_connection_closed(name: str, port: int) -> None:
    with raw_connection(port) as client:
        client.settimeout(5)
        client.sendall(WEBSOCKETS[name])
        assert parsed(read_to_the_end(client)).status in {400, 414, 431}


def test_a_websocket_that_is_refused_is_closed(port: int) -> None:
    assert exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + SOCKET + b"\r\n").status == 403

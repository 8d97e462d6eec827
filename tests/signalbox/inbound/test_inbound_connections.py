"""What a connection may do before it is told off: real sockets, the real parser, an application that takes notes."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from router_core.clock import SystemClock
from signalbox.inbound.limits import ConnectionGuard, ConnectionLimits, ConnectionSeats
from signalbox.inbound.protocol import guarded_protocol
from tests.support.api_server import serving
from tests.support.raw_http import RawAnswer, exchange, parsed, raw_connection, read_to_the_end

LIMITS = ConnectionLimits(
    line=500, head=2_000, headers=20, body=10_000, discard=5_000, head_s=0.4, body_s=0.4, body_rate=100_000,
    linger_s=0.2, stall_s=0.4,
)  # fmt: skip
MOST, PER_ADDRESS = 8, 6
CLOSE = b"Connection: close\r\n"


@dataclass
class Notes:
    """An application that reads the whole body and answers with its size; on ``/early`` it answers first."""

    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    written: int = 0
    left: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        body, message = b"", cast("Message", {})
        while scope["path"] != "/early" and (not message or message.get("more_body")):
            message = await receive()
            body += message.get("body", b"")
        self.headers = list(scope["headers"])
        if message.get("type") == "http.disconnect":
            self.left.set()
            return
        self.bodies.append(body)
        text = b"%d" % len(body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
        await send({"type": "http.response.body", "body": text})


@dataclass
class Flood:
    """An application that answers without end."""

    written: int = 0
    left: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not self.left.is_set():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            self.written += 65_536
            if (await _next(receive)) == "http.disconnect":
                self.left.set()


async def _next(receive: Receive) -> str:
    """Return what came; only the end of the connection comes a second time."""
    try:
        async with asyncio.timeout(0):
            message = await receive()
    except TimeoutError:
        return ""
    return str(message["type"])


@pytest.fixture(scope="module")
def seats() -> ConnectionSeats:
    return ConnectionSeats(MOST, PER_ADDRESS, lambda address: address == "127.0.0.3")


@pytest.fixture(scope="module")
def served(seats: ConnectionSeats) -> Iterator[tuple[Notes, int]]:
    notes = Notes()
    kind = guarded_protocol(ConnectionGuard(LIMITS, seats, SystemClock()))
    with serving(notes, http=kind) as port:
        yield notes, port


@pytest.fixture
def notes(served: tuple[Notes, int]) -> Notes:
    served[0].__init__()  # type: ignore[misc]
    return served[0]


@pytest.fixture
def port(served: tuple[Notes, int]) -> int:
    return served[1]


def refused(answer: RawAnswer, status: int, code: str) -> None:
    assert (answer.status, answer.error["code"]) == (status, code), answer
    assert answer.error["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


def test_an_ordinary_request_is_served(notes: Notes, port: int) -> None:
    answer = exchange(port, b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" + CLOSE + b"\r\nabc")
    assert (answer.status, answer.body, notes.bodies) == (200, b"3", [b"abc"])


def test_requests_may_come_in_any_pieces_and_several_at_once(notes: Notes, port: int) -> None:
    one = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    last = b"GET /y HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n"
    with raw_connection(port) as client:
        for place in range(0, len(one), 7):
            client.sendall(one[place : place + 7])
        client.sendall(one * 30 + last)
        got = read_to_the_end(client)
    assert got.count(b"HTTP/1.1 200 OK") == 32
    assert notes.bodies == [b"abc"] * 31 + [b""]


HEAD = b"POST /x HTTP/1.1\r\n"
BAD: dict[str, tuple[bytes, int, str]] = {
    "no host": (HEAD + b"\r\n", 400, "VALIDATION_ERROR"),
    "two hosts": (HEAD + b"Host: a\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "two hosts in 1.0": (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "VALIDATION_ERROR"),
    "host with a user": (HEAD + b"Host: u@a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "host with a path": (HEAD + b"Host: a/b\r\n\r\n", 400, "VALIDATION_ERROR"),
    "empty host": (HEAD + b"Host:\r\n\r\n", 400, "VALIDATION_ERROR"),
    "length and coding": (
        HEAD + b"Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "VALIDATION_ERROR",
    ),
    "coding and length": (
        HEAD + b"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, "VALIDATION_ERROR",
    ),
    "two lengths": (HEAD + b"Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "VALIDATION_ERROR"),
    "equal lengths": (HEAD + b"Host: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "VALIDATION_ERROR"),
    "negative length": (HEAD + b"Host: a\r\nContent-Length: -3\r\n\r\nabc", 400, "VALIDATION_ERROR"),
    "length with a sign": (HEAD + b"Host: a\r\nContent-Length: +3\r\n\r\nabc", 400, "VALIDATION_ERROR"),
    "two codings": (HEAD + b"Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "VALIDATION_ERROR"),
    "codings apart": (
        HEAD + b"Host: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
        "VALIDATION_ERROR",
    ),
    "unknown coding": (HEAD + b"Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, "VALIDATION_ERROR"),
    "coding in 1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "VALIDATION_ERROR"),
    "bare line feeds": (b"POST /x HTTP/1.1\nHost: a\n\n", 400, "VALIDATION_ERROR"),
    "one bare line feed": (HEAD + b"Host: a\nX: b\r\n\r\n", 400, "VALIDATION_ERROR"),
    "bare carriage return": (HEAD + b"Host: a\rX: b\r\n\r\n", 400, "VALIDATION_ERROR"),
    "folded header": (HEAD + b"Host: a\r\nX: b\r\n c\r\n\r\n", 400, "VALIDATION_ERROR"),
    "blank before the colon": (HEAD + b"Host : a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "header without a name": (HEAD + b"Host: a\r\n: b\r\n\r\n", 400, "VALIDATION_ERROR"),
    "NUL in a header": (HEAD + b"Host: a\r\nX: b\x00c\r\n\r\n", 400, "VALIDATION_ERROR"),
    "escape in a header": (HEAD + b"Host: a\r\nX: \x1b[31m\r\n\r\n", 400, "VALIDATION_ERROR"),
    "absolute target": (b"GET http://evil/livez HTTP/1.1\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "bytes in the path": (b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "blank in the path": (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "VALIDATION_ERROR"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "VALIDATION_ERROR"),
    "HTTP/3": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "VALIDATION_ERROR"),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "METHOD_NOT_ALLOWED"),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "METHOD_NOT_ALLOWED"),
    "long line": (b"GET /" + b"x" * 600 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "VALIDATION_ERROR"),
    "endless line": (b"GET /" + b"x" * 600, 414, "VALIDATION_ERROR"),
    "large header": (HEAD + b"Host: a\r\nX: " + b"y" * 3_000 + b"\r\n\r\n", 431, "VALIDATION_ERROR"),
    "huge header": (HEAD + b"Host: a\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", 431, "VALIDATION_ERROR"),
    "endless header": (HEAD + b"Host: a\r\nX: " + b"y" * 2_100, 431, "VALIDATION_ERROR"),
    "many headers": (HEAD + b"Host: a\r\n" + b"a:b\r\n" * 21 + b"\r\n", 431, "VALIDATION_ERROR"),
    "10 000 headers": (HEAD + b"Host: a\r\n" + b"a:b\r\n" * 10_000 + b"\r\n", 431, "VALIDATION_ERROR"),
    "large body": (HEAD + b"Host: a\r\nContent-Length: 10001\r\n\r\nabc", 413, "PAYLOAD_TOO_LARGE"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_the_rules_is_refused_and_never_reaches_the_application(name: str, notes: Notes, port: int) -> None:
    sent, status, code = BAD[name]
    refused(exchange(port, sent), status, code)
    assert notes.paths == []


@pytest.mark.parametrize(
    ("path", "kind"), [(b"messages", "request_too_large"), (b"responses", "invalid_request_error")]
)
def test_a_client_of_another_protocol_is_refused_in_its_words(path: bytes, kind: str, port: int) -> None:
    answer = exchange(port, b"POST /v1/" + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\n\r\nabc")
    assert (answer.status, answer.error["type"]) == (413, kind)
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "chunk", [b"zz\r\nabc\r\n", b"-3\r\nabc\r\n", b"3\nabc\n", b"f" * 20 + b"\r\nabc", b"3\r\nabcd\r\n"]
)
def test_a_chunk_that_is_none_ends_the_request_without_a_body(chunk: bytes, notes: Notes, port: int) -> None:
    refused(exchange(port, HEAD + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk), 400, "VALIDATION_ERROR")
    assert notes.bodies == []


def test_a_body_without_a_length_is_counted(notes: Notes, port: int) -> None:
    head = HEAD + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    refused(exchange(port, head, *[b"3e8\r\n" + b"x" * 1000 + b"\r\n"] * 11), 413, "PAYLOAD_TOO_LARGE")
    assert notes.bodies == []


@pytest.mark.parametrize("waste", [b"1;" + b"e" * 30 + b"\r\nx\r\n", b"0\r\n" + b"X-T: " + b"t" * 50 + b"\r\n"])
def test_what_stands_between_chunks_and_behind_them_is_bounded_too(waste: bytes, notes: Notes, port: int) -> None:
    head = HEAD + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailers = [b"X-T: " + b"t" * 50 + b"\r\n"] * 100 if waste.startswith(b"0") else []
    refused(exchange(port, head, waste, *(trailers or [waste] * 100)), 413, "PAYLOAD_TOO_LARGE")
    assert notes.bodies == []


def test_trailers_are_no_headers(notes: Notes, port: int) -> None:
    head = HEAD + b"Host: a\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"\r\n"
    assert exchange(port, head, b"1\r\nx\r\n", b"0\r\nAuthorization: Bearer x\r\n\r\n").status == 200
    assert not any(name == b"authorization" for name, _ in notes.headers)


def test_a_head_that_trickles_is_408(notes: Notes, port: int) -> None:
    with raw_connection(port) as client:
        client.settimeout(0.1)
        got = b""
        for byte in HEAD * 3:
            try:
                client.send(bytes([byte]))
                got = client.recv(4096)
                break
            except TimeoutError:
                continue
    refused(parsed(got), 408, "REQUEST_TIMEOUT")
    assert notes.paths == []


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_connection_on_which_nothing_is_asked_is_closed(sent: bytes, notes: Notes, port: int) -> None:
    assert exchange(port, sent).status == 0
    assert notes.paths == []


@pytest.mark.parametrize("body", [b"", b"ab"])
def test_a_body_that_stops_coming_is_408_and_the_application_hears_that_the_client_left(
    body: bytes, notes: Notes, port: int
) -> None:
    refused(exchange(port, HEAD + b"Host: a\r\nContent-Length: 3\r\n\r\n" + body), 408, "REQUEST_TIMEOUT")
    assert notes.left.wait(5)


def test_line_feeds_do_not_keep_a_connection_open(notes: Notes, port: int) -> None:
    with raw_connection(port) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        client.settimeout(0.1)
        got, end = b"", False
        for _ in range(100):
            try:
                piece = client.recv(4096)
                got, end = got + piece, not piece
                if end:
                    break
            except TimeoutError:
                client.send(b"\r\n")
            except ConnectionError:
                end = True
                break
    assert got.startswith(b"HTTP/1.1 200 ")
    assert end


def test_a_request_that_was_answered_early_may_send_its_rest_and_another_request(notes: Notes, port: int) -> None:
    with raw_connection(port) as client:
        client.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"x" * 1000 + b"GET /next HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n")
        assert read_to_the_end(client).startswith(b"HTTP/1.1 200 ")
    assert notes.paths == ["/early", "/next"]


@pytest.mark.parametrize("rest", [[], [b"x" * 1000] * 9])
def test_what_nobody_wants_any_more_is_read_neither_long_nor_far(rest: list[bytes], notes: Notes, port: int) -> None:
    with raw_connection(port) as client:
        client.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        try:
            for piece in rest:
                client.sendall(piece)
        except ConnectionError:
            pass
        assert read_to_the_end(client) == b""


def test_an_upgrade_that_is_none_of_ours_is_an_ordinary_request(notes: Notes, port: int) -> None:
    answer = exchange(port, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_connections_beyond_the_number_are_503_and_seats_come_back(notes: Notes, port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(PER_ADDRESS)]
    try:
        for each in held:
            each.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            assert each.recv(4096).startswith(b"HTTP/1.1 200 ")
        answer = exchange(port)
        refused(answer, 503, "OVERLOADED")
        assert answer.headers["retry-after"] == "1"
        others = [socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{n}", 0)) for n in (2, 3)]
        held += others
        for each in others:
            each.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            assert each.recv(4096).startswith(b"HTTP/1.1 200 ")
        refused(exchange(port), 503, "OVERLOADED")
    finally:
        for each in held:
            each.close()
    again = (exchange(port, b"GET /x HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n").status for _ in range(100))
    assert 200 in again


def test_seats_of_an_exempt_address_end_with_the_number_of_all() -> None:
    seats = ConnectionSeats(3, 1, lambda address: address == "proxy")
    for _ in range(3):
        assert seats.is_free("proxy")
        seats.take("proxy")
    assert not seats.is_free("proxy")
    seats.leave("proxy")
    assert seats.is_free("other")
    seats.take("other")
    seats.leave("proxy")
    assert not seats.is_free("other")


def test_a_client_that_reads_nothing_holds_little_and_not_for_ever() -> None:
    flood = Flood()
    guard = ConnectionGuard(LIMITS, ConnectionSeats(), SystemClock())
    with serving(flood, http=guarded_protocol(guard)) as port, raw_connection(port) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert flood.left.wait(10)
    # What the kernel holds for both ends is counted here too.
    assert flood.written < 6_000_000

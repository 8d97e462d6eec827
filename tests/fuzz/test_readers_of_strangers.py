"""Whatever strangers send, each reader gives a value or its own declared error, and soon.

``TEST_FUZZ_EXAMPLES`` sets how many inputs each reader gets; a long run takes a few hundred thousand.
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from router_core.api.anthropic_compatible.request import parse_count, parse_messages
from router_core.api.auth import session_token
from router_core.api.body import check_json, require_json
from router_core.api.call import is_request_id
from router_core.api.host import host_name
from router_core.api.openai_compatible.embeddings import parse_embeddings
from router_core.api.openai_compatible.request import parse_chat
from router_core.api.openai_compatible.response_request import parse_response
from router_core.api.parsing import parse_request
from router_core.clock import SystemClock
from router_core.cost.bill import WrongBillError
from router_core.cost.bill_reading import read_bill
from router_core.cost.price_sheet import COLUMNS, read_sheet
from router_core.errors import UnauthorizedError, UnsupportedMediaTypeError, ValidationError
from router_core.instants import parse_instant
from router_core.providers.headroom import headroom_of
from router_core.providers.retry_after import MAX_WAIT_MS, retry_after_ms
from router_core.providers.sse import EventSplitter, EventTooLargeError
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.key_throttle import KeyThrottle, ThrottlePolicy
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import parse_usd
from signalbox.faults import SettingsError
from signalbox.inbound.limits import ConnectionGuard, ConnectionLimits, ConnectionSeats
from signalbox.inbound.protocol import GuardedProtocol, guarded_protocol
from signalbox.inbound.proxies import Origin, TrustedProxies
from signalbox.settings import read_settings
from signalbox.sign_in.cookies import cookie_value
from signalbox.variables import VARIABLES
from tests.support.fake_clock import FakeClock

EXAMPLES = int(os.environ.get("TEST_FUZZ_EXAMPLES", "50"))
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
# A small input is read within this; a busy machine stretches wall time, not this.
SOON_S = 0.5

fuzzed = settings(max_examples=EXAMPLES)


@contextmanager
def soon(limit_s: float = SOON_S) -> Iterator[None]:
    """Fail when the block takes more than ``limit_s`` of processor time."""
    began = time.process_time()
    yield
    assert time.process_time() - began < limit_s


def pieces(*words: bytes) -> st.SearchStrategy[bytes]:
    """Return bytes that look somewhat like what the reader expects."""
    return st.lists(st.one_of(st.sampled_from(words), st.binary(max_size=8)), max_size=30).map(b"".join)


JSON = pieces(
    b"{", b"}", b"[", b"]", b'"', b":", b",", b'"prompt"', b'"messages"', b'"tools"', b'"metadata"', b'"maxTokens"',
    b'"hi"', b"1", b"-", b"1e999", b"NaN", b"null", b"true", b"\\u0000", b"\\ud800", b"\\", b'{"prompt":"x"}',
    b'"model":"m"', b'"tool_calls"', b'"role"', b'"parts"',
    b'"user"', b'"content"', b'"input"', b'"id"', b'"trigger"', b'"text"', b'"type"',
)  # fmt: skip
SSE = pieces(
    b"data: ", b"event: x\n", b"\n", b"\r", b"\r\n", b":", b"[DONE]", b"\xef\xbb\xbf", b"id: 1\n", b"retry: x\n",
)  # fmt: skip
NUMBERS = pieces(
    b"1", b"-", b".", b"e", b"E9", b"inf", b"nan", b"s", b"m", b"ms", b"h", b" ", b"_", b"+", b"0x", b"\xd9\xa3",
)  # fmt: skip
DATES = pieces(
    b"Wed, ", b"21 Oct ", b"2015 ", b"9999", b"07:28:00", b" GMT", b"+9999", b"-", b"T", b"Z", b"0001", b"99", b":",
)  # fmt: skip
COOKIES = pieces(
    b"signalbox_session=", b"__Host-signalbox_session=", b";", b'"', b"=", b" ", b"\t", b"abc", b"[]", b"\\",
)  # fmt: skip
HOSTS = pieces(
    b"[", b"]", b":", b"::1", b"127.0.0.1", b"%", b"a", b".", b",", b" ", b"10.0.0.7", b"unknown", b"ffff",
    b"_hidden",
)  # fmt: skip
LINES = pieces(
    b"\r\n", b"\n", b",", b'"', b"model", b"input", b"1.5", b"=1", b"2026-01-01", b"\x00", b"-1", b";", b"\t",
    b"usage",
)  # fmt: skip
WIRE = pieces(
    b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n", b"Content-Length: 3\r\n", b"abc",
    b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"HTTP/1.0", b"Connection: close\r\n", b"\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Expect: 100-continue\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b": ",
    b"\x00",
)  # fmt: skip


@fuzzed
@given(JSON)
def test_bodies(body: bytes) -> None:
    foreign = (lambda body, parse=parse: parse(body, {}) for parse in (parse_chat, parse_response, parse_embeddings))
    for read in (check_json, parse_request, parse_messages, parse_count, *foreign):
        said = ""
        with soon():
            try:
                read(body)
            except ValidationError as error:
                said = error.message
        assert len(said) < 500


@fuzzed
@given(st.lists(SSE, max_size=6))
def test_event_streams(chunks: list[bytes]) -> None:
    splitter = EventSplitter(200)
    with soon():
        try:
            events = [event for chunk in chunks for event in splitter.feed(chunk)] + splitter.flush()
        except EventTooLargeError:
            return
    assert all(len(event) <= 200 for event in events)


@fuzzed
@given(st.one_of(NUMBERS, DATES), st.one_of(NUMBERS, DATES), st.sampled_from([429, 503]))
def test_waits(header: bytes, message: bytes, status: int) -> None:
    text = header.decode("latin-1")
    for headers in ({"retry-after": text}, {"retry-after-ms": text}):
        with soon():
            wait = retry_after_ms(status, headers, f"try again in {message.decode('latin-1')}", NOW)
        assert wait is None or 0 < wait <= MAX_WAIT_MS


@fuzzed
@given(st.one_of(NUMBERS, DATES))
def test_headroom(value: bytes) -> None:
    names = ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "anthropic-ratelimit-requests-reset")
    with soon():
        found = headroom_of([(name.encode(), value) for name in names], NOW)
    assert found is not None
    assert found.requests_reset_s is None or found.requests_reset_s == found.requests_reset_s


@fuzzed
@given(COOKIES)
def test_cookies(header: bytes) -> None:
    with soon():
        token = session_token(header)
        cookie_value({"type": "http", "headers": [(b"cookie", header)]}, "signalbox_session")
    assert token is None or 0 < len(token) <= 128


@fuzzed
@given(st.one_of(pieces(b"application/json", b";", b"charset=", b"utf-8", b'"', b" ", b"\t"), st.binary()), st.binary())
def test_content_types(kind: bytes, coding: bytes) -> None:
    with soon():
        try:
            require_json({b"content-type": kind, b"content-encoding": coding})
        except UnsupportedMediaTypeError:
            return
    assert kind.lower().startswith(b"application/json")


@fuzzed
@given(HOSTS, HOSTS, HOSTS)
def test_what_proxies_say(hops: bytes, scheme: bytes, host: bytes) -> None:
    headers = [(b"x-forwarded-for", hops), (b"x-forwarded-proto", scheme), (b"x-forwarded-host", host)]
    with soon():
        origin = TrustedProxies(["10.0.0.0/8"]).origin(Origin("10.0.0.1", "http"), headers)
        host_name(host)
    assert origin.scheme in ("http", "https")


@fuzzed
@given(st.binary(max_size=200))
def test_request_ids(given_id: bytes) -> None:
    if is_request_id(given_id):
        assert given_id.isascii()
        assert given_id.decode().isprintable()


@pytest.fixture(scope="module")
def authenticator() -> KeyAuthenticator:
    """Knows no key at all, and lets everybody try."""
    clock, accounts = FakeClock(), MemoryAccountStore()
    throttle = KeyThrottle(clock, ThrottlePolicy(attempts=10**9))
    return KeyAuthenticator(MemoryApiKeyStore(accounts), accounts, b"pepper" * 6, clock, throttle=throttle)


@fuzzed
@given(key=st.one_of(pieces(b"sbx_", b"_", b"0123456789abcdef", b"'", b"%27", b"\xff"), st.binary(max_size=2000)))
def test_keys(authenticator: KeyAuthenticator, key: bytes) -> None:
    with soon(), pytest.raises(UnauthorizedError):
        asyncio.run(authenticator.authenticate(key, "203.0.113.1"))


@fuzzed
@given(st.sampled_from(VARIABLES), st.one_of(NUMBERS, DATES, HOSTS, st.binary()).map(lambda raw: raw.decode("latin-1")))
def test_environment(variable: object, text: str) -> None:
    name = variable.name  # type: ignore[attr-defined]
    said = name
    with soon():
        try:
            read_settings({name: text})
        except SettingsError as error:
            said = str(error)
    assert name in said or "SIGNALBOX_" in said


def _only(read: Callable[[str], object], *declared: type[Exception]) -> Callable[[str], None]:
    def reads(text: str) -> None:
        with soon():
            try:
                read(text)
            except declared:
                return

    return reads


@fuzzed
@given(st.one_of(NUMBERS, DATES, LINES).map(lambda raw: raw.decode("latin-1")))
def test_prices_and_times(text: str) -> None:
    _only(parse_usd, ValueError)(text)
    _only(parse_instant, ValueError)(text)
    _only(lambda text: read_sheet(",".join(COLUMNS) + "\n" + text), ValidationError)(text)
    _only(read_sheet, ValidationError)(text)
    _only(lambda text: read_bill(text.encode()), WrongBillError)(text)


class Wire(asyncio.Transport):
    """The other end of a connection, which keeps what is written."""

    def __init__(self) -> None:
        here = ("127.0.0.1", 4711)
        names = {"getsockname": lambda: here, "getpeername": lambda: here}
        super().__init__({"socket": SimpleNamespace(setsockopt=lambda *_: None, family=socket.AF_INET, **names)})
        self.written = b""
        self.is_over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def write_eof(self) -> None:
        self.is_over = True

    def close(self) -> None:
        self.is_over = True

    def abort(self) -> None:
        self.is_over = True

    def is_closing(self) -> bool:
        return self.is_over

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    def resume_reading(self) -> None:
        """Nor to resume."""


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["path"].startswith("/")
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _connection() -> tuple[GuardedProtocol, Wire]:
    config = uvicorn.Config(_answer, lifespan="off", log_config=None)
    config.load()
    guard = ConnectionGuard(ConnectionLimits(head=2_000, body=2_000), ConnectionSeats(), SystemClock())
    protocol, wire = guarded_protocol(guard)(config, ServerState(), {}, asyncio.get_running_loop()), Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def _say(chunks: list[bytes]) -> Wire:
    protocol, wire = _connection()
    for chunk in chunks:
        if not wire.is_closing():
            protocol.data_received(chunk)
        await _turn()
    protocol.connection_lost(None)
    await _turn()
    return wire


async def _turn() -> None:
    """Let everything that is ready run."""
    loop = asyncio.get_running_loop()
    for _ in range(3):
        turned: Awaitable[None] = loop.create_future()
        loop.call_soon(turned.set_result, None)  # type: ignore[attr-defined]
        await turned


@fuzzed
@given(st.lists(WIRE, min_size=1, max_size=6))
def test_connections(chunks: list[bytes]) -> None:
    with soon():
        wire = asyncio.run(_say(chunks))
    assert b" 500 " not in wire.written
    assert wire.written == b"" or wire.written.startswith(b"HTTP/1.1 ")


LARGE = 1_000_000
PATHOLOGICAL: dict[str, Callable[[], object]] = {
    "brackets": lambda: check_json(b"[" * LARGE),
    "quotes": lambda: check_json(b'"\\"' * (LARGE // 3)),
    "backslashes": lambda: check_json(b'"' + b"\\" * LARGE + b'u0000"'),
    "keys": lambda: check_json(b"{" + b",".join(b'"%d":1' % place for place in range(LARGE // 10)) + b"}"),
    "lines": lambda: EventSplitter().feed(b"\n" * LARGE),
    "fields": lambda: EventSplitter(LARGE * 2).feed(b"data:x\n" * (LARGE // 8)),
    "carriage returns": lambda: EventSplitter().feed(b"\r" * LARGE),
    "cookies": lambda: session_token(b"a=b; " * (LARGE // 5)),
    "blanks in a cookie": lambda: session_token(b"signalbox_session" + b" " * LARGE),
    "kinds": lambda: require_json({b"content-type": b"application/json" + b" " * LARGE + b";x"}),
    "hops": lambda: TrustedProxies(["10.0.0.0/8"]).origin(
        Origin("10.0.0.1", "http"), [(b"x-forwarded-for", b"10.0.0.1," * 99_999)]
    ),
    "digits": lambda: retry_after_ms(429, {"retry-after": "9" * LARGE}, "try again in " + "1" * LARGE, NOW),
    "units": lambda: retry_after_ms(429, {}, "try again in " + "1h" * (LARGE // 2) + "x", NOW),
    "dollars": lambda: parse_usd("9" * LARGE),
    "dots": lambda: host_name(b"." * LARGE),
}  # fmt: skip


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_a_megabyte_of_the_worst_is_read_in_less_than_two_seconds(name: str) -> None:
    with soon(2.0):
        try:
            PATHOLOGICAL[name]()
        except (ValidationError, UnsupportedMediaTypeError, EventTooLargeError, ValueError):
            return

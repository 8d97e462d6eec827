"""The outermost layer: what is behind it sees the client, the scheme and the host that are believed."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from router_core.clock import SystemClock
from signalbox.inbound.front import Front
from signalbox.inbound.proxies import TrustedProxies

PROXY = "10.0.0.7"


class Behind:
    """Keeps what reaches it."""

    def __init__(self) -> None:
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        await send({"type": "http.response.start", "status": 204, "headers": [(b"x-own", b"1")]})


def ask(front: Front, *headers: tuple[bytes, bytes], **scope: Any) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    whole = {"type": "http", "path": "/", "scheme": "http", "client": (PROXY, 4711), "headers": [*headers], **scope}
    asyncio.run(front(whole, receive, send))
    return sent


def made(behind: Behind, *, proxies: tuple[str, ...] = (PROXY,), hosts: tuple[str, ...] = ()) -> Front:
    return Front(behind, TrustedProxies(proxies), hosts, SystemClock())


def test_behind_a_trusted_proxy_client_scheme_and_host_are_the_browsers() -> None:
    behind = Behind()
    sent = ask(
        made(behind), (b"host", b"inside:8501"), (b"x-forwarded-for", b"198.51.100.1"),
        (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"console.example"), (b"accept", b"*/*"),
    )  # fmt: skip
    assert behind.scope["client"][0] == "198.51.100.1"
    assert behind.scope["scheme"] == "https"
    assert behind.scope["headers"] == [(b"accept", b"*/*"), (b"host", b"console.example")]
    assert (b"strict-transport-security", b"max-age=31536000") in sent[0]["headers"]


def test_a_websocket_behind_it_is_a_secure_one() -> None:
    behind = Behind()
    ask(made(behind), (b"x-forwarded-proto", b"https"), type="websocket", scheme="ws")
    assert behind.scope["scheme"] == "wss"


def test_headers_of_other_proxies_reach_nobody() -> None:
    behind = Behind()
    sent = ask(
        made(behind, proxies=()), (b"x-forwarded-for", b"198.51.100.1"), (b"x-real-ip", b"198.51.100.1"),
        (b"forwarded", b"for=198.51.100.1"), (b"x-forwarded-proto", b"https"), (b"host", b"mine"),
    )  # fmt: skip
    assert (behind.scope["client"], behind.scope["scheme"]) == ((PROXY, 4711), "http")
    assert behind.scope["headers"] == [(b"host", b"mine")]
    assert [name for name, _ in sent[0]["headers"]] == [b"x-own", b"x-request-id"]


@pytest.mark.parametrize("host", [b"console.example", b"CONSOLE.example.:8501", b"[::1]:8501", b"[::1]"])
def test_names_of_the_server_are_served(host: bytes) -> None:
    sent = ask(made(Behind(), hosts=("console.example", "::1")), (b"host", host))
    assert sent[0]["status"] == 204


@pytest.mark.parametrize("host", [b"evil.example", b"console.example.evil", b"", b"127.0.0.1"])
def test_other_names_are_refused_without_an_echo(host: bytes) -> None:
    behind = Behind()
    sent = ask(made(behind, hosts=("console.example",)), (b"host", host))
    assert sent[0]["status"] == 400
    assert b'"VALIDATION_ERROR"' in sent[1]["body"]
    assert host == b"" or host not in sent[1]["body"]
    assert behind.scope == {}


def test_probes_may_come_by_address() -> None:
    assert ask(made(Behind(), hosts=("console.example",)), (b"host", b"10.1.2.3"), path="/readyz")[0]["status"] == 204


def test_a_websocket_to_another_name_is_refused() -> None:
    sent = ask(made(Behind(), hosts=("console.example",)), (b"host", b"evil"), type="websocket", scheme="ws")
    assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 403)


def test_a_websocket_that_nobody_accepts_is_refused_in_the_envelope_of_every_error() -> None:
    sent = ask(Front(_closes, TrustedProxies(()), (), SystemClock()), type="websocket", scheme="ws")
    told = json.loads(sent[1]["body"])["error"]
    assert [each["type"] for each in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert (sent[0]["status"], told["code"]) == (403, "FORBIDDEN")
    assert (b"x-request-id", told["requestId"].encode()) in sent[0]["headers"]


def test_a_websocket_that_was_accepted_is_closed_as_it_says() -> None:
    sent = ask(Front(_talks, TrustedProxies(()), (), SystemClock()), type="websocket", scheme="ws")
    assert [each["type"] for each in sent] == ["websocket.accept", "websocket.close"]
    assert sent[1]["code"] == 1001


@pytest.mark.parametrize(("path", "own"), [("/", 0), ("/auth/login", 0), ("/_stcore/health", 0), ("/api/llm", 1)])
def test_every_answer_has_a_request_id_of_its_own_or_of_ours(path: str, own: int) -> None:
    front = made(_Identified() if own else Behind())
    ids = [
        value for _ in range(2)
        for name, value in ask(front, path=path)[0]["headers"] if name == b"x-request-id"
    ]  # fmt: skip
    assert ids == [b"mine", b"mine"] if own else len({each for each in ids if len(each) == 26}) == len(ids) == 2


class _Identified(Behind):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": [(b"x-request-id", b"mine")]})


async def _closes(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.close", "code": 1008})


async def _talks(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1001})

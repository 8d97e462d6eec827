"""No connection goes where it may not, whatever a name means at the moment, and none is followed elsewhere."""

import asyncio
import gzip
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import ResolveResult

from router_core.configuration.upstream_rule import UpstreamRule
from router_core.egress.connector import is_out_of_bounds, open_session
from router_core.egress.fence import Fence
from router_core.egress.fetching import AnswerTooLargeError, fetch
from router_core.egress.places import Egress

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"  # where only the first is let through, the second is our own network


class Names:
    """Answers each look-up with the next of ``answers``, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host, host=each, port=port, proto=0, flags=0,
                family=socket.AF_INET6 if ipaddress.ip_address(each).version == 6 else socket.AF_INET,
            )
            for each in found
        ]  # fmt: skip

    async def close(self) -> None:
        return None


class Listener:
    """An HTTP server that answers everything alike and keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heard: list[bytes] = []

    @asynccontextmanager
    async def open(self, host: str, port: int = 0) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._take, host, port) as server:
            yield server.sockets[0].getsockname()[1]

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        writer.close()


def answering(body: bytes = b"{}", status: str = "200 OK", *more: str) -> Listener:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *more, "", ""])
    return Listener(head.encode() + body)


@asynccontextmanager
async def session(egress: Egress, **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session(egress, timeout=aiohttp.ClientTimeout(total=5), **options) as opened:
        yield opened


async def test_ghsa_6qcr_a_name_is_judged_by_where_it_leads_each_time_that_it_is_connected_to() -> None:
    names = Names([OUTSIDE], [INSIDE])
    outside, inside = answering(), answering()
    guarded = session(Egress(Fence([OUTSIDE]), names=names), use_dns_cache=False)
    async with outside.open(OUTSIDE) as port, inside.open(INSIDE, port), guarded as http:
        first = await fetch(http, "GET", f"http://rebound.example.com:{port}/")
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await fetch(http, "GET", f"http://rebound.example.com:{port}/")
    assert first.status == 200
    assert is_out_of_bounds(caught.value)
    assert (len(outside.heard), len(inside.heard)) == (1, 0)


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to() -> None:
    """One look-up for a connection: a second one, between the judgement and the connection, would be a way in."""
    names = Names([OUTSIDE], [INSIDE])
    outside = answering()
    async with outside.open(OUTSIDE) as port, session(Egress(Fence([OUTSIDE]), names=names)) as http:
        await fetch(http, "GET", f"http://pinned.example.com:{port}/")
    assert names.asked == ["pinned.example.com"]
    assert b"host: pinned.example.com" in outside.heard[0].lower()


async def test_of_a_name_with_addresses_on_both_sides_only_the_public_ones_are_tried() -> None:
    names = Names([INSIDE, "169.254.169.254", "::1", OUTSIDE])
    outside, inside = answering(), answering()
    guarded = session(Egress(Fence([OUTSIDE]), names=names))
    async with outside.open(OUTSIDE) as port, inside.open(INSIDE, port), guarded as http:
        assert (await fetch(http, "GET", f"http://mixed.example.com:{port}/")).status == 200
    assert inside.heard == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 Moved"])
async def test_a_redirect_is_an_answer_and_the_credentials_go_nowhere_else(status: str) -> None:
    inside = answering()
    async with inside.open(INSIDE) as port:
        outside = answering(b"", status, f"location: http://{INSIDE}:{port}/latest/meta-data/")
        async with outside.open(OUTSIDE) as entrance, session(Egress(Fence([OUTSIDE, INSIDE]))) as http:
            answer = await fetch(
                http, "POST", f"http://{OUTSIDE}:{entrance}/", headers={"authorization": "Bearer canary"}, body=b"{}"
            )
    assert answer.status == int(status[:3])
    assert inside.heard == []


async def test_an_answer_is_counted_after_it_was_decoded() -> None:
    bomb = answering(gzip.compress(b"x" * 5_000_000), "200 OK", "content-encoding: gzip")
    async with bomb.open(OUTSIDE) as port, session(Egress(Fence([OUTSIDE]))) as http:
        with pytest.raises(AnswerTooLargeError):
            await fetch(http, "GET", f"http://{OUTSIDE}:{port}/", most=100_000)
    assert b"accept-encoding: identity" in bomb.heard[0].lower()


async def test_an_answer_of_just_the_size_is_taken() -> None:
    async with answering(b"x" * 5_000).open(OUTSIDE) as port, session(Egress(Fence([OUTSIDE]))) as http:
        assert len((await fetch(http, "GET", f"http://{OUTSIDE}:{port}/", most=5_000)).body) == 5_000
        with pytest.raises(AnswerTooLargeError):
            await fetch(http, "GET", f"http://{OUTSIDE}:{port}/", most=4_999)


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(aiohttp.ClientError) as caught:
        yield
    assert is_out_of_bounds(caught.value) or isinstance(caught.value, aiohttp.InvalidURL)


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.2", "[::ffff:7f00:2]", "localhost"]
)
async def test_however_an_inner_address_is_spelt_nothing_is_connected(host: str) -> None:
    inside = answering()
    async with inside.open(INSIDE) as port, session(Egress(Fence())) as http:
        with refused():
            await fetch(http, "GET", f"http://{host}:{port}/")
    assert inside.heard == []


# --- providers ------------------------------------------------------------------------------------------------------

RULE = UpstreamRule(allowed=("llm.internal", "127.0.0.2/32"), trusted={"openai": "http://127.0.0.1:9100/v1"})


@pytest.mark.parametrize(
    ("host", "port", "is_tls", "reached"),
    [
        ("api.openai.com", 443, True, True),
        ("API.Anthropic.com.", 443, True, True),
        ("api.openai.com", 80, False, False),
        ("api.openai.com", 6379, True, False),
        ("127.0.0.1", 9100, False, True),
        ("127.0.0.1", 9101, False, False),
        ("127.0.0.2", 8000, False, True),
        ("127.0.0.2", 6379, False, False),
        ("llm.internal", 443, True, True),
        ("xn--pi-7kc.openai.com", 443, True, False),
        ("evil.example", 443, True, False),
    ],
)
def test_a_provider_is_reached_where_the_environment_says_and_nowhere_else(
    host: str, port: int, is_tls: bool, reached: bool
) -> None:
    assert RULE.may_reach(host, port, is_tls) is reached


@pytest.mark.parametrize(
    ("host", "address", "through"),
    [
        ("api.openai.com", "10.0.0.5", False),
        ("api.openai.com", "127.0.0.2", False),  # an allowed block is no place for a vendor's own host
        ("api.openai.com", "8.8.8.8", True),
        ("llm.internal", "10.0.0.5", True),
        ("127.0.0.2", "127.0.0.2", True),
    ],
)
def test_a_vendors_own_name_never_leads_inside(host: str, address: str, through: bool) -> None:
    assert RULE.egress().fence.lets_through(host, address) is through


async def test_a_place_that_is_not_allowed_is_not_even_looked_up() -> None:
    names, rule = Names(["8.8.8.8"]), RULE.egress()
    async with session(Egress(rule.fence, rule.may_reach, names)) as http:
        with refused():
            await fetch(http, "GET", "https://evil.example/v1")
    assert names.asked == []

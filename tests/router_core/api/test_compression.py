"""Large answers go out as gzip to those who take it; streams and answers with secrets go out as they are."""

import asyncio
import gzip
import json
import random
from typing import Any

import httpx2
import pytest
from starlette.types import Message

from router_core.api.app import PATHS, ApiApplication
from router_core.api.call import Call
from router_core.api.compression import INLINE_BYTES, LEAST_BYTES, Squeezed, accepts_gzip
from router_core.api.endpoint import Action
from router_core.security.permissions import PUBLIC
from tests.support.api_server import ApiRig
from tests.support.asgi_calls import Heard, call_asgi

LONG = {"text": "word " * 2000}
SHORT = {"text": "word"}


async def _long(call: Call) -> None:
    await call.answer(LONG)


async def _short(call: Call) -> None:
    await call.answer(SHORT)


async def _text_stream(call: Call) -> None:
    await call.start(200, ((b"content-type", b"text/plain; charset=utf-8"),))
    for _ in range(50):
        await call.write(b'0:"word word word word word word word word word word"\n')
    await call.write(b"", last=True)


def _nothing() -> Any:
    raise AssertionError("nobody asks")


APP = ApiApplication(
    _nothing,
    {
        "/long": {"GET": Action(PUBLIC, _long)},
        "/short": {"GET": Action(PUBLIC, _short)},
        "/secret": {"GET": Action(PUBLIC, _long, shows_secrets=True)},
        "/stream": {"GET": Action(PUBLIC, _text_stream)},
    },
)


async def _get(path: str, accepted: str | None = "gzip", method: str = "GET") -> Heard:
    return await call_asgi(APP, method, path, headers={} if accepted is None else {"accept-encoding": accepted})


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("gzip;q=1.000", True), ("x-gzip", True),
        ("*", True), ("br;q=1.0, *;q=0.1", True), ("gzip ; q=0.1", True),
        ("", False), ("identity", False), ("br, zstd", False), ("gzip;q=0", False), ("gzip;q=0.000", False),
        ("*;q=0", False), ("gzip;q=0, *;q=1", False), ("gzip;q=x", False), ("gzip;q=2", False), ("gzipped", False),
        ("gzip;q=1;q=0", False), ("gzip;level=9", False), (";;,,", False),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_those_alone_who_take_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(header.encode()) is accepted


async def test_a_large_answer_goes_out_as_gzip_with_its_length() -> None:
    heard = await _get("/long")
    headers = dict(heard.headers)
    assert (headers[b"content-encoding"], headers[b"vary"]) == (b"gzip", b"accept-encoding")
    assert json.loads(gzip.decompress(heard.body)) == LONG
    assert headers[b"content-length"] == b"%d" % len(heard.body)
    assert len(heard.body) < 500
    assert headers[b"content-type"] == b"application/json"


async def test_a_head_request_gets_the_head_of_the_same_answer() -> None:
    known = [b"content-length", b"content-encoding", b"vary"]
    get, head = dict((await _get("/long")).headers), dict((await _get("/long", method="HEAD")).headers)
    assert [head[name] for name in known] == [get[name] for name in known]


@pytest.mark.parametrize("accepted", [None, "identity", "gzip;q=0"])
async def test_who_does_not_take_it_gets_it_plain_and_caches_are_told(accepted: str | None) -> None:
    heard = await _get("/long", accepted)
    headers = dict(heard.headers)
    assert json.loads(heard.body) == LONG
    assert headers[b"content-length"] == b"%d" % len(heard.body)
    assert (b"content-encoding" in headers, headers[b"vary"]) == (False, b"accept-encoding")


@pytest.mark.parametrize("path", ["/short", "/secret", "/stream"])
async def test_what_is_small_secret_or_a_stream_goes_out_as_it_is(path: str) -> None:
    heard = await _get(path)
    assert not {b"content-encoding", b"vary"} & dict(heard.headers).keys()
    assert b"word" in heard.body
    assert len(heard.body) >= LEAST_BYTES or path == "/short"


async def test_a_very_large_answer_does_not_hold_the_loop() -> None:
    text = random.Random(1).randbytes(4_000_000).hex().encode()
    assert len(text) > INLINE_BYTES
    sent: list[Message] = []
    turns = 0

    async def send(message: Message) -> None:
        sent.append(message)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    way = Squeezed(send, b"gzip")
    beside = asyncio.create_task(others())
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(text))]
    await way.send({"type": "http.response.start", "status": 200, "headers": headers})
    await asyncio.sleep(0)
    before = turns
    await way.send({"type": "http.response.body", "body": text, "more_body": False})
    assert turns - before > 5
    beside.cancel()
    assert gzip.decompress(sent[1]["body"]) == text


def test_event_streams_and_the_data_stream_are_never_compressed(rig: ApiRig, http: httpx2.Client) -> None:
    for protocol in ("ui", "data"):
        body = {"prompt": "x", "stream": True, "streamProtocol": protocol}
        answer = http.post("/api/llm", json=body, headers={**rig.bearer(), "accept-encoding": "gzip"})
        assert "content-encoding" not in answer.headers
        assert "Hel" in answer.text


def test_an_export_is_compressed_as_it_goes(rig: ApiRig, http: httpx2.Client) -> None:
    headers = {"authorization": f"Bearer {rig.admin.reveal()}"}
    texts = {}
    for accepted in ("gzip", "identity"):
        answer = http.get("/api/admin/audit/export?format=csv", headers={**headers, "accept-encoding": accepted})
        assert answer.headers.get("content-encoding", "identity") == accepted
        assert "content-length" not in answer.headers
        texts[accepted] = answer.text
    assert texts["gzip"] == texts["identity"] != ""
    answer = http.get("/api/admin/audit/export?format=parquet", headers={**headers, "accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_the_description_goes_out_as_gzip_over_http(http: httpx2.Client) -> None:
    with http.stream("GET", "/api/openapi.json", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw)
    plain = http.get("/api/openapi.json", headers={"accept-encoding": "identity"})
    assert gzip.decompress(raw) == plain.content


def test_a_replay_is_compressed_for_who_asks_whatever_the_first_took(rig: ApiRig, http: httpx2.Client) -> None:
    keyed = {**rig.bearer(), "idempotency-key": "k"}
    rig.router.text = "long " * 2000
    answers = [
        http.post("/api/llm", json={"prompt": "x"}, headers={**keyed, "accept-encoding": accepted})
        for accepted in ("gzip", "identity", "gzip")
    ]
    assert [each.headers.get("content-encoding") for each in answers] == ["gzip", None, "gzip"]
    assert answers[0].content == answers[1].content == answers[2].content
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true", "true"]


def test_what_shows_a_new_secret_is_declared() -> None:
    shown = {
        (path, method) for path, actions in PATHS.items() for method, each in actions.items() if each.shows_secrets
    }
    assert shown == {
        ("/api/admin/keys", "POST"),
        ("/api/admin/keys/{id}/roll", "POST"),
        ("/api/admin/users", "POST"),
        ("/api/admin/users/{id}/password-reset", "POST"),
        ("/api/admin/alerts/channels", "POST"),
        ("/api/admin/alerts/channels/{id}", "PUT"),
        ("/api/admin/alerts/channels/{id}/secret", "GET"),
        ("/api/console/calls/{call}", "POST"),
        ("/api/console/streams/{call}", "POST"),
    }

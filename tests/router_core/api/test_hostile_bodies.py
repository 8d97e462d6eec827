"""What a hostile or careless client may send to POST /api/llm, and what it gets."""

import json
import socket

import httpx2
import pytest

from tests.support.api_server import MAX_BODY, ApiRig

SECRET = "sk-canary-0123456789abcdef"


def _with(**fields: object) -> bytes:
    return json.dumps({"prompt": "hi", **fields}).encode()


BAD_BODIES: dict[str, tuple[bytes, str | None]] = {
    "empty": (b"", None),
    "blank": (b"  \n", None),
    "null": (b"null", None),
    "array": (b"[]", None),
    "string": (b'"x"', None),
    "truncated": (b'{"prompt": "x"', None),
    "trailing": (b'{"prompt": "x"} x', None),
    "comment": (b'{"prompt": "x" /* no */}', None),
    "NaN": (b'{"prompt":"x","temperature":NaN}', None),
    "Infinity": (b'{"prompt":"x","temperature":Infinity}', None),
    "-Infinity": (b'{"prompt":"x","metadata":{"a":-Infinity}}', None),
    "1e999": (b'{"prompt":"x","temperature":1e999}', "temperature"),
    "1e999 in a tool": (b'{"prompt":"x","tools":{"a":{"parameters":{"b":1e999}}}}', "tools[...].parameters[...]"),
    "lone surrogate": (b'{"prompt":"\\ud800"}', None),
    "low surrogate": (b'{"prompt":"\\udc00x"}', None),
    "escaped NUL": (b'{"prompt":"a\\u0000b"}', None),
    "escaped NUL after a backslash": (b'{"prompt":"a\\\\\\u0000b"}', None),
    "raw NUL": (b'{"prompt":"a\x00b"}', None),
    "invalid UTF-8": (b'{"prompt":"\xff"}', None),
    "UTF-16": ('{"prompt":"x"}'.encode("utf-16"), None),
    "BOM": (b'\xef\xbb\xbf{"prompt":"x"}', None),
    "duplicate key": (b'{"accountId":"acme","prompt":"x","accountId":"other"}', "accountId"),
    "duplicate key deep down": (b'{"prompt":"x","metadata":{"a":1,"a":2}}', "a"),
    "deep arrays": (b'{"prompt":"x","tools":{"a":{"parameters":{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}}}}", None),
    "33 levels": (b'{"prompt":"x","tools":{"a":{"parameters":{"x":' + b"[" * 29 + b"]" * 29 + b"}}}}", None),
    "deep objects": (b'{"prompt":"x","metadata":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}", None),
    "5000 digits": (b'{"prompt":"x","maxTokens":' + b"9" * 5000 + b"}", None),
    "2**70": (_with(maxTokens=2**70), "maxTokens"),
    "negative": (_with(maxTokens=-1), "maxTokens"),
    "zero": (_with(maxTokens=0), "maxTokens"),
    "true for a number": (_with(maxTokens=True), "maxTokens"),
    "text for a number": (_with(maxTokens="5"), "maxTokens"),
    "1e3": (b'{"prompt":"x","maxTokens":1e3}', "maxTokens"),
    "1.5": (_with(maxTokens=1.5), "maxTokens"),
    "cold": (_with(temperature=-0.1), "temperature"),
    "hot": (_with(temperature=2.1), "temperature"),
    "temperature as text": (_with(temperature="0.5"), "temperature"),
    "no prompt": (b"{}", "prompt"),
    "prompt and messages": (_with(messages=[]), "prompt"),
    "empty prompt": (_with(prompt=""), "prompt"),
    "spaces": (_with(prompt=" \t\n\u3000"), "prompt"),
    "zero width": (_with(prompt="\u200b\u2060\ufeff"), "prompt"),
    "no messages": (b'{"messages":[]}', "messages"),
    "blank message": (b'{"messages":[{"role":"user","content":" "}]}', "messages"),
    "path as use case": (_with(useCase="../../x"), "useCase"),
    "proto": (_with(useCase="__proto__"), "useCase"),
    "long use case": (_with(useCase="x" * 10_000), "useCase"),
    "apiKey": (_with(apiKey=SECRET), "apiKey"),
    "base_url": (_with(base_url=SECRET), "base_url"),
    "isAdmin": (_with(isAdmin=True), "isAdmin"),
    "account injection": (_with(accountId="' OR 1=1--"), "accountId"),
    "percent": (_with(accountId="%"), "accountId"),
    "underscore": (_with(accountId="_"), "accountId"),
    "long account": (_with(accountId="a" * 300), "accountId"),
    "emoji account": (_with(accountId="\U0001f600"), "accountId"),
    "look-alike account": (_with(accountId="\u0430cme"), "accountId"),
    "metadata image": (_with(images=["http://169.254.169.254/"]), "images[0]"),
    "image with a line break": (_with(images=["https://example.com/\r\nx"]), "images[0]"),
    "file image": (_with(images=["file:///etc/passwd"]), "images[0]"),
    "secret as role": (json.dumps({"messages": [{"role": SECRET, "content": "x"}]}).encode(), "messages[0].role"),
    "secret as choice": (_with(toolChoice=SECRET), "toolChoice"),
    "secret as protocol": (_with(streamProtocol=SECRET), "streamProtocol"),
    "nested metadata": (_with(metadata={"a": {}}), "metadata[...]"),
    "much metadata": (_with(metadata={str(place): 1 for place in range(17)}), "metadata"),
    "huge tool": (_with(tools={"a": {"parameters": {str(place): "property" for place in range(5_000)}}}), "tools.a"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_400_names_the_field_and_shows_no_value(name: str, rig: ApiRig, http: httpx2.Client) -> None:
    body, field = BAD_BODIES[name]
    answer = http.post("/api/llm", content=body, headers=rig.bearer())
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (400, "VALIDATION_ERROR", False), answer.text
    assert error.get("field") == field, answer.text
    assert error["requestId"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    assert rig.router.requests == []


GOOD_BODIES: dict[str, bytes] = {
    "plain": b'{"prompt":"x"}',
    "backslash before u0000": b'{"prompt":"a\\\\u0000b"}',
    "brackets in text": json.dumps({"prompt": "[{" * 500}).encode(),
    "32 levels": b'{"prompt":"x","tools":{"a":{"parameters":{"x":' + b"[" * 28 + b"]" * 28 + b"}}}}",
    "surrogate pair": b'{"prompt":"\\ud83d\\ude00"}',
    "whole temperature": b'{"prompt":"x","temperature":0}',
    "image": b'{"prompt":"x","images":["data:image/png;base64,AAAA","https://example.com/a.png"]}',
    "own account": b'{"prompt":"x","accountId":"acme"}',
}


@pytest.mark.parametrize("name", GOOD_BODIES)
def test_what_only_looks_hostile_is_answered(name: str, rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/llm", content=GOOD_BODIES[name], headers=rig.bearer())
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == "Hello"


def test_a_body_over_the_limit_is_413_and_closes_the_connection(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/llm", content=b"x" * (MAX_BODY + 1), headers=rig.bearer())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_over_the_limit_is_413(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/llm", content=(b"x" * 50_000 for _ in range(5)), headers=rig.bearer())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "", None]
)
def test_another_content_type_is_415(kind: str | None, rig: ApiRig, http: httpx2.Client) -> None:
    headers = {"authorization": rig.bearer()["authorization"]} | ({} if kind is None else {"content-type": kind})
    assert http.post("/api/llm", content=b'{"prompt":"x"}', headers=headers).status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_compressed_body_is_415(coding: str, rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/llm", content=b"x", headers=rig.bearer() | {"content-encoding": coding})
    assert answer.status_code == 415


def test_a_key_in_the_place_of_a_field_is_not_echoed(rig: ApiRig, http: httpx2.Client) -> None:
    """Neither the message nor the field's name gives it back."""
    body = b'{"prompt":"x","sk-proj-abcdefghijklmnop":1}'
    answer = http.post("/api/llm", content=body, headers=rig.bearer())
    assert answer.status_code == 400
    assert "abcdefghijklmnop" not in answer.text


@pytest.mark.parametrize("sent", [b"", b'{"prom'])
def test_a_body_that_stops_coming_is_408_and_the_connection_ends(sent: bytes, rig: ApiRig) -> None:
    """A client that announces more than it sends does not hold a connection for ever."""
    head = (
        b"POST /api/llm HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
        b"Authorization: " + rig.bearer()["authorization"].encode() + b"\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", rig.port), timeout=10) as client:
        client.sendall(head + sent)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer

"""``/v1/chat/completions`` over real HTTP: headers, errors in the protocol's shape, and what its SDK makes of them."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from router_core.api.compatible.errors import ERROR_WORDS
from router_core.api.error_kinds import error_kinds
from router_core.errors import (
    LLMError,
    MaxRetriesExceededError,
    NetworkError,
    OverloadedError,
    PaymentRequiredError,
    ProviderUnavailableError,
    QuotaExceededError,
    RateLimitExceededError,
    TokenLimitExceededError,
)
from router_core.types import CachePolicy, NativeEvents, NativeRequest, RelayedRequest, StartPart, TextDelta
from tests.support.api_server import ApiRig

HELLO: Any = [{"role": "user", "content": "Hello"}]
ASKED: Any = {"model": "gpt-4o-mini", "messages": HELLO}
NATIVE = NativeRequest(protocol="openai-chat", fields={})


@pytest.fixture
def sdk(rig: ApiRig) -> Iterator[openai.OpenAI]:
    with httpx2.Client(trust_env=False) as http:
        yield openai.OpenAI(base_url=f"{rig.url}/v1", api_key=rig.service.reveal(), http_client=http, max_retries=0)


def test_an_answer_says_who_gave_it_what_it_cost_and_under_which_id_it_is_on_record(
    rig: ApiRig, http: httpx2.Client
) -> None:
    answer = http.post("/v1/chat/completions", json=ASKED, headers={**rig.bearer(), "x-request-id": "mine-1"})
    assert answer.headers["x-signalbox-provider"] == "openai-gpt4o-mini"
    assert answer.headers["x-signalbox-cost-usd"] == "0.000450"
    assert answer.headers["x-signalbox-request-id"] == answer.headers["x-request-id"] == "mine-1"
    body = answer.json()
    assert (body["id"], body["model"], body["object"]) == ("chatcmpl-mine-1", "gpt-4o-mini", "chat.completion")
    assert body["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "Hello", "refusal": None}, "logprobs": None,
         "finish_reason": "stop"}
    ]  # fmt: skip
    assert body["usage"]["total_tokens"] == 5


def test_a_vendor_s_own_body_goes_out_byte_for_byte(rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.native = b'{ "id": "chatcmpl-v",\n "choices": [] }'
    assert http.post("/v1/chat/completions", json=ASKED, headers=rig.bearer()).content == rig.router.native


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_the_key_comes_in_either_header(rig: ApiRig, http: httpx2.Client, header: str) -> None:
    key = rig.service.reveal()
    sent = {header: f"Bearer {key}" if header == "authorization" else key}
    assert http.post("/v1/chat/completions", json=ASKED, headers=sent).status_code == 200


@pytest.mark.parametrize(("value", "policy"), [("off", False), ("60", CachePolicy(ttl_seconds=60))])
def test_a_header_says_how_the_cache_is_used(rig: ApiRig, http: httpx2.Client, value: str, policy: Any) -> None:
    http.post("/v1/chat/completions", json=ASKED, headers={**rig.bearer(), "x-signalbox-cache": value})
    assert rig.router.requests[-1][0].cache == policy


@pytest.mark.parametrize("value", ["on", "0", "-1", "1.5", "99999999"])
def test_a_header_that_says_something_else_is_refused(rig: ApiRig, http: httpx2.Client, value: str) -> None:
    answer = http.post("/v1/chat/completions", json=ASKED, headers={**rig.bearer(), "x-signalbox-cache": value})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "x-signalbox-cache")
    assert rig.router.requests == []


# --- errors --------------------------------------------------------------------------------------------------------


def test_every_code_has_its_words_in_both_protocols() -> None:
    # A provider's key is told of as a provider that is away, and consoles elsewhere speak no such protocol.
    told_nowhere = {"INVALID_API_KEY", "VERSION_MISMATCH"}
    assert {kind.code for kind in error_kinds()} - ERROR_WORDS.keys() == told_nowhere


@pytest.mark.parametrize(
    ("error", "raised", "kind", "code"),
    [
        (PaymentRequiredError("spent"), openai.APIStatusError, "insufficient_quota", "insufficient_quota"),
        (RateLimitExceededError("too many"), openai.RateLimitError, "requests", "rate_limit_exceeded"),
        (TokenLimitExceededError("too long"), openai.BadRequestError, "invalid_request_error",
         "context_length_exceeded"),
        (ProviderUnavailableError("none"), openai.InternalServerError, "server_error", "provider_unavailable"),
        (OverloadedError("full"), openai.InternalServerError, "server_error", "overloaded"),
        (QuotaExceededError("no money", provider="p"), openai.InternalServerError, "server_error",
         "provider_unavailable"),
        (MaxRetriesExceededError(3, NetworkError("x", provider="p")), openai.InternalServerError, "server_error",
         "max_retries_exceeded"),
        (RuntimeError("a bug"), openai.InternalServerError, "server_error", "internal_error"),
    ],
)  # fmt: skip
def test_the_protocol_s_own_sdk_raises_its_own_class(
    rig: ApiRig, sdk: openai.OpenAI, error: Exception, raised: type[openai.APIStatusError], kind: str, code: str
) -> None:
    rig.router.error = error
    with pytest.raises(raised) as caught:
        sdk.chat.completions.create(**ASKED)
    assert type(caught.value) is raised
    assert (caught.value.type, caught.value.code) == (kind, code)
    headers = caught.value.response.headers
    assert caught.value.request_id == headers["x-signalbox-request-id"]
    retryable = isinstance(error, LLMError) and error.retryable
    assert (headers.get("x-should-retry") == "false") is not (retryable or isinstance(error, QuotaExceededError))
    assert ("retry-after" in headers) is (caught.value.status_code in (429, 503))


def test_a_stream_that_breaks_off_raises_in_the_sdk(rig: ApiRig, sdk: openai.OpenAI) -> None:
    rig.router.parts = (StartPart("r", "openai-gpt4o-mini", "gpt-4o-mini"), TextDelta("Hel"))
    rig.router.error = NetworkError("connection reset", provider="p")
    heard = []
    with pytest.raises(openai.APIError, match="connection reset") as caught:
        heard.extend(sdk.chat.completions.create(**ASKED, stream=True))
    assert [each.choices[0].delta.content for each in heard] == ["", "Hel"]
    assert caught.value.code == "network"


def test_a_stream_in_the_vendor_s_own_chunks_says_beside_them_who_gives_it(rig: ApiRig, http: httpx2.Client) -> None:
    chunk = b'{"id":"chatcmpl-v","choices":[{"index":0,"delta":{"content":"Hi"}}]}'
    start = StartPart("r", "openai-gpt4o-mini", "gpt-4o-mini", "miss")
    end = rig.router._default(rig.router._response(RelayedRequest(prompt="x", native=NATIVE), "r"))[-1]
    rig.router.parts = (start, NativeEvents((chunk,), 1), TextDelta("Hi"), NativeEvents((b"[DONE]",)), end)
    answer = http.post("/v1/chat/completions", json={**ASKED, "stream": True}, headers=rig.bearer())
    assert answer.content == b"data: %s\n\ndata: [DONE]\n\n" % chunk
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["x-signalbox-provider"], answer.headers["x-signalbox-cache"]) == (start.provider, "miss")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"method": "GET"}, 405, "method_not_allowed"),
        ({"method": "POST", "content": b"x" * 300_000}, 413, "request_too_large"),
        ({"method": "POST", "content": b"{}", "headers": {"content-type": "text/plain"}}, 415,
         "unsupported_media_type"),
        ({"method": "POST", "content": b'{"a":1,"a":2}'}, 400, None),
        ({"method": "POST", "content": b'{"model":NaN}'}, 400, None),
    ],
)  # fmt: skip
def test_what_no_handler_sees_is_refused_in_the_protocol_s_shape(
    rig: ApiRig, http: httpx2.Client, sent: dict[str, Any], status: int, code: str | None
) -> None:
    headers = {**rig.bearer(), **sent.pop("headers", {})}
    answer = http.request(url="/v1/chat/completions", headers=headers, **sent)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, code, "invalid_request_error")
    assert json.dumps(error).count("NaN") == 0


def test_anthropic_s_clients_are_told_of_errors_in_their_own_shape(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.get("/v1/models/nothing", headers={**rig.bearer(), "anthropic-version": "2023-06-01"})
    told = answer.json()
    assert (answer.status_code, told["type"], told["error"]["type"]) == (404, "error", "not_found_error")
    assert told["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]

"""``Idempotency-Key``: what is sent again is answered again, what must not be kept runs again, for every route."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from router_core.errors import (
    ContentRefusedError,
    ContextTooLongError,
    LLMError,
    LLMProviderError,
    MaxRetriesExceededError,
    NetworkError,
    OverloadedError,
    PaymentRequiredError,
    ProviderUnavailableError,
    RateLimitExceededError,
    RequestRefusedError,
    TimeoutError,
    ValidationError,
)
from router_core.types import StartPart, TextDelta
from tests.support.api_server import ApiRig
from tests.support.prompt_client import PromptClient
from tests.support.prompt_routes import PROMPT_ROUTES, PromptRoute

WAIT_S = 5.0
QUESTION = "What is the password?"


pytestmark = pytest.mark.parametrize("route", PROMPT_ROUTES, ids=lambda route: route.path)


def _headers(rig: ApiRig, key: str = "k-1", **more: str) -> dict[str, str]:
    return {**rig.bearer(), "idempotency-key": key, **more}


def _ask(rig: ApiRig, http: httpx2.Client, route: PromptRoute, key: str = "k-1", **fields: Any) -> httpx2.Response:
    return http.post(route.path, content=json.dumps(route.asked(QUESTION, **fields)), headers=_headers(rig, key))


def _is_replay(answer: httpx2.Response) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"


def _told(answer: httpx2.Response, route: PromptRoute, status: int, code: str, *, retryable: bool) -> None:
    """Assert the status, and on the path that has our own errors what they say."""
    assert answer.status_code == status, answer.text
    if route is PROMPT_ROUTES[0]:
        error = answer.json()["error"]
        assert (error["code"], error["retryable"]) == (code, retryable)


def test_a_request_sent_again_gets_the_same_answer_and_calls_nobody(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute
) -> None:
    first, second = _ask(rig, http, route), _ask(rig, http, route)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert (_is_replay(first), _is_replay(second)) == (False, True)
    assert second.headers["x-original-request-id"] == first.headers["x-request-id"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert second.headers["cache-control"] == "no-store"
    assert len(rig.router.requests) == 1


def test_a_stream_is_replayed_as_a_stream_byte_for_byte(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    first, second = _ask(rig, http, route, stream=True), _ask(rig, http, route, stream=True)
    assert second.content == first.content
    assert b"Hel" in second.content
    assert second.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in second.headers
    assert (_is_replay(first), _is_replay(second)) == (False, True)
    assert len(rig.router.requests) == 1


def test_another_body_under_the_same_key_is_a_mismatch(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    _ask(rig, http, route)
    answer = _ask(rig, http, route, stream=True)
    _told(answer, route, 422, "IDEMPOTENCY_MISMATCH", retryable=False)
    assert "retry-after" not in answer.headers
    assert len(rig.router.requests) == 1


def test_while_the_first_runs_the_second_is_a_conflict_that_may_be_retried(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute
) -> None:
    rig.router.hang = True
    with _under_way(rig, route):
        answer = _ask(rig, http, route)
        other = _ask(rig, http, route, temperature=0.1)
    _told(answer, route, 409, "IDEMPOTENCY_CONFLICT", retryable=True)
    assert int(answer.headers["retry-after"]) >= 1
    assert other.status_code == 422
    assert len(rig.router.requests) == 1


def test_a_client_that_left_finds_its_key_free(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    rig.router.hang = True
    with _under_way(rig, route):
        """Nobody waits for the end."""
    assert rig.router.cancelled.wait(WAIT_S)
    rig.router.hang = False
    answers = iter(lambda: _ask(rig, http, route), None)
    settled = next(each for each in answers if each.status_code != 409)
    assert (settled.status_code, _is_replay(settled)) == (200, False)


@contextmanager
def _under_way(rig: ApiRig, route: PromptRoute) -> Iterator[None]:
    """Have a request served during the block; its client leaves with it."""
    with PromptClient(rig.port, rig.service.reveal()) as client:
        client.ask(route, route.asked(QUESTION), **{"idempotency-key": "k-1"})
        assert rig.router.called.wait(WAIT_S)
        yield


def test_of_fifty_at_once_one_is_served(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _ask(rig, http, route), range(50)))
    assert {each.status_code for each in answers} <= {200, 409}
    assert len({each.content for each in answers if each.status_code == 200}) == 1
    assert len(rig.router.requests) == 1


@pytest.mark.parametrize("key", [b"", b"k" * 256, b"two words", "clé".encode(), b"tab\there"])
def test_what_is_no_key_is_refused_by_its_name_and_not_told_back(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute, key: bytes
) -> None:
    headers = [(name.encode(), value.encode()) for name, value in rig.bearer().items()]
    answer = http.post(route.path, json=route.asked(QUESTION), headers=[*headers, (b"idempotency-key", key)])
    _told(answer, route, 400, "VALIDATION_ERROR", retryable=False)
    assert "Idempotency-Key" in answer.text
    assert not key or key.decode() not in answer.text
    assert (rig.router.requests, rig.answers.asked) == ([], 0)


def test_two_keys_are_refused(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    headers = [*rig.bearer().items(), ("idempotency-key", "a"), ("idempotency-key", "a")]
    assert http.post(route.path, json=route.asked(QUESTION), headers=headers).status_code == 400
    assert rig.router.requests == []


@pytest.mark.parametrize("key", ["k", "k" * 255, "!~#'\"\\", "8e03978e-40d5-43dd-bc93-6894a57f9324"])
def test_any_visible_ascii_is_a_key(rig: ApiRig, http: httpx2.Client, route: PromptRoute, key: str) -> None:
    assert [_is_replay(_ask(rig, http, route, key)) for _ in range(2)] == [False, True]


def test_a_key_is_that_of_its_caller(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    _ask(rig, http, route)
    admin = _headers(rig) | {"authorization": f"Bearer {rig.admin.reveal()}"}
    assert not _is_replay(http.post(route.path, json=route.asked(QUESTION), headers=admin))
    assert not _is_replay(_ask(rig, http, route, "k-2"))
    assert len(rig.router.requests) == 3


@pytest.mark.parametrize(
    "error",
    [
        RequestRefusedError("it is wrong", provider="p"),
        ContextTooLongError("it is long", provider="p"),
        ContentRefusedError("it is bad", provider="p"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_providers_refusal_of_the_request_is_kept(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute, error: LLMError
) -> None:
    rig.router.error = error
    first, second = _ask(rig, http, route), _ask(rig, http, route)
    assert (first.status_code, second.content, _is_replay(second)) == (400, first.content, True)
    assert len(rig.router.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        ValidationError("no", field="prompt"),
        PaymentRequiredError("no"),
        RateLimitExceededError("no"),
        ProviderUnavailableError("no"),
        OverloadedError("no"),
        LLMProviderError("no", provider="p"),
        NetworkError("no", provider="p"),
        TimeoutError(5, provider="p"),
        MaxRetriesExceededError(3, NetworkError("no", provider="p")),
        RuntimeError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_go_better_next_time_runs_again(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute, error: Exception
) -> None:
    rig.router.error = error
    assert _ask(rig, http, route).status_code >= 400
    rig.router.error = None
    answer = _ask(rig, http, route)
    assert (answer.status_code, _is_replay(answer)) == (200, False)


def test_a_body_that_cannot_be_read_leaves_the_key_free(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    assert http.post(route.path, content=b"{", headers=_headers(rig)).status_code == 400
    assert http.post(route.path, content=b"{}", headers=_headers(rig)).status_code == 400
    assert _ask(rig, http, route).status_code == 200


def test_a_stream_that_broke_off_runs_again(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    rig.router.parts = (StartPart("r", "openai-gpt4o-mini", "gpt-4o-mini"), TextDelta("a"))
    rig.router.error = RequestRefusedError("it broke", provider="p")
    assert "it broke" in _ask(rig, http, route, stream=True).text
    rig.router.parts, rig.router.error = (), None
    answer = _ask(rig, http, route, stream=True)
    assert not _is_replay(answer)
    assert "Hel" in answer.text


def test_without_the_header_nothing_is_looked_up(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    rig.answers.away = True
    assert http.post(route.path, json=route.asked(QUESTION), headers=rig.bearer()).status_code == 200
    assert rig.answers.asked == 0


def test_when_keys_cannot_be_looked_up_nothing_is_served(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    rig.answers.away = True
    answer = _ask(rig, http, route)
    _told(answer, route, 503, "OVERLOADED", retryable=True)
    assert int(answer.headers["retry-after"]) >= 1
    assert rig.router.requests == []


def test_what_is_kept_shows_neither_question_nor_answer_nor_key(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute
) -> None:
    _ask(rig, http, route, "a-key-of-mine")
    (sealed,), (claim,) = rig.answers.sealed, rig.answers.claims
    told = sealed + repr(claim).encode()
    assert [
        word for word in (b"a-key-of-mine", b"password", b"Hello", b"gpt", b"application/json") if word in told
    ] == []


def test_what_somebody_changed_in_the_store_is_neither_shown_nor_run_again(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute
) -> None:
    _ask(rig, http, route)
    (entry,) = rig.answers._entries.values()
    entry.answer = bytes(255 - each for each in rig.answers.sealed[0])
    assert _ask(rig, http, route).status_code == 422
    assert len(rig.router.requests) == 1


@pytest.fixture
def charged(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> list[str | None]:
    """Serve a request under a key; give whose tokens what follows takes."""
    _ask(rig, http, route)
    assert rig.router.charged == []
    return rig.router.charged


def test_a_replay_and_a_mismatch_count_against_the_callers_limits(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute, charged: list[str | None]
) -> None:
    _ask(rig, http, route)
    _ask(rig, http, route, temperature=0.5)
    _ask(rig, http, route, "not a key")
    assert charged == ["acme"] * 3
    rig.router.refusal = RateLimitExceededError("Rate limit exceeded. Maximum 10 requests/second.")
    answer = _ask(rig, http, route)
    _told(answer, route, 429, "RATE_LIMIT_EXCEEDED", retryable=True)


def test_a_key_on_a_path_that_knows_none_is_passed_over(rig: ApiRig, http: httpx2.Client, route: PromptRoute) -> None:
    answer = http.post("/api/llm/route", json={"prompt": "x"}, headers=_headers(rig, "not a key"))
    assert (answer.status_code, rig.answers.asked) == (200, 0)

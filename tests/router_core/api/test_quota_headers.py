"""What clients are told of their limits: on whole answers, on streams, and when they are refused."""

import httpx2
import pytest

from router_core.api.quota_headers import quota_headers
from router_core.errors import RateLimitExceededError
from router_core.rate_limiting.quota import QuotaLine
from router_core.types import Limit
from tests.support.api_server import ApiRig
from tests.support.prompt_routes import PROMPT_ROUTES, PromptRoute

LIMIT = Limit(scope="account", target="acme", requests_per_second=10, burst=50, tokens_per_minute=900, concurrency=3)
REQUESTS, TOKENS, PLACES = LIMIT.buckets()
SLOW = Limit(scope="use_case", target="draft", requests_per_second=0.1, burst=3).buckets()[0]
POLICIES = (
    '"account";q=50;w=5, "account-tokens";q=900;qu="tokens";w=60, "account-concurrency";q=3;qu="concurrent-requests"'
)


def told(*lines: QuotaLine) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in quota_headers(lines)}


def test_nothing_is_told_where_nothing_limits() -> None:
    assert told() == {}


def test_what_is_left_is_whole_and_comes_with_the_seconds_until_there_is_more() -> None:
    headers = told(QuotaLine(REQUESTS, 41.3, 0), QuotaLine(TOKENS, 899.99, 0), QuotaLine(PLACES, 2, 0))
    assert headers["ratelimit-policy"] == POLICIES
    assert headers["ratelimit"] == '"account";r=41;t=1, "account-tokens";r=899;t=1, "account-concurrency";r=2'


def test_a_refusal_tells_of_what_refused_and_no_window_ends_after_the_wait() -> None:
    headers = told(QuotaLine(REQUESTS, 0.4, 0.06), QuotaLine(SLOW, 2.0, 0))
    assert headers["ratelimit-policy"] == '"account";q=50;w=5, "use-case";q=3;w=30'
    assert headers["ratelimit"] == '"account";r=0;t=1'


@pytest.mark.parametrize("left", [-300.0, 0.0])
def test_what_is_left_is_never_below_nothing(left: float) -> None:
    assert told(QuotaLine(TOKENS, left, 20.2))["ratelimit"] == '"account-tokens";r=0;t=21'


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("route", PROMPT_ROUTES, ids=lambda route: route.path)
def test_answers_carry_them_and_an_id(rig: ApiRig, http: httpx2.Client, route: PromptRoute, stream: bool) -> None:
    rig.router.quota = (QuotaLine(REQUESTS, 41.3, 0),)
    asked, headers = route.asked("Hi", stream=stream), {**rig.bearer(), "idempotency-key": "k", "x-request-id": "mine"}
    for replayed in (None, "true"):
        answer = http.post(route.path, headers=headers, json=asked)
        assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (200, replayed)
        assert answer.headers["ratelimit-policy"] == '"account";q=50;w=5'
        assert answer.headers["ratelimit"] == '"account";r=41;t=1'
        assert answer.headers["x-request-id"] == "mine"
    assert http.post(route.path, json=asked).headers["x-request-id"]


@pytest.mark.parametrize("route", PROMPT_ROUTES, ids=lambda route: route.path)
def test_whoever_is_refused_on_any_path_is_told_when_to_come_back(
    rig: ApiRig, http: httpx2.Client, route: PromptRoute
) -> None:
    rig.router.quota = (QuotaLine(REQUESTS, 0.4, 0.06),)
    rig.router.error = RateLimitExceededError("Rate limit exceeded. Maximum 10 requests/second.", retry_after_ms=60)
    answer = http.post(route.path, headers=rig.bearer(), json=route.asked("Hi"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["ratelimit"] == '"account";r=0;t=1'
    assert answer.headers["x-request-id"]


def test_a_refused_request_is_429_with_a_wait_in_whole_seconds(rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.quota = (QuotaLine(REQUESTS, 0.4, 0.06),)
    rig.router.error = RateLimitExceededError("Rate limit exceeded. Maximum 10 requests/second.", retry_after_ms=60)
    answer = http.post("/api/llm", headers=rig.bearer(), json={"prompt": "Hi"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["ratelimit"] == '"account";r=0;t=1'
    error = answer.json()["error"]
    assert (error["code"], error["retryable"], error["retryAfterMs"]) == ("RATE_LIMIT_EXCEEDED", True, 60)
    assert (error["message"], error["source"]) == ("Rate limit exceeded. Maximum 10 requests/second.", "gateway")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"prompt": "Hi", "nonsense": 1}', 400),
        (b'{"prompt": "Hi", "accountId": "other"}', 403),
        (b'{"prompt": "' + b"x" * 300_000 + b'"}', 413),
    ],
)
def test_an_invalid_request_takes_a_token_of_the_key_s_own_account(
    rig: ApiRig, http: httpx2.Client, body: bytes, status: int
) -> None:
    answer = http.post("/api/llm", headers=rig.bearer(), content=body)
    assert answer.status_code == status
    assert rig.router.charged == ["acme"]
    assert rig.router.requests == []


def test_an_invalid_request_beyond_the_limit_is_refused_as_one_too_many(rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.refusal = RateLimitExceededError("Rate limit exceeded. Maximum 10 requests/second.", retry_after_ms=60)
    answer = http.post("/api/llm", headers=rig.bearer(), content=b"{")
    assert answer.status_code == 429


def test_who_is_not_known_takes_no_token(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/llm", headers={"content-type": "application/json"}, content=b"{")
    assert answer.status_code == 401
    assert rig.router.charged == []


def test_a_dry_run_takes_the_token_of_the_account_that_it_names(rig: ApiRig, http: httpx2.Client) -> None:
    headers = rig.bearer() | {"authorization": f"Bearer {rig.admin.reveal()}"}
    answer = http.post("/api/llm/route", headers=headers, json={"prompt": "Hi", "accountId": "other"})
    assert answer.status_code == 200
    assert rig.router.charged == ["other"]

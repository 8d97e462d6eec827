"""What clients ask again, after which waits, and what they are told of limits."""

import asyncio
import copy
import gzip
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import msgspec
import pytest

from router_core.client import AsyncRouterClient, LimitState, LLMRouterError, LLMRouterTimeoutError, RouterClient
from router_core.client.attempts import ClientRetryPolicy
from router_core.client.calls import ClientSettings
from router_core.client.synchronous import PatientClock
from router_core.types import StartPart
from tests.support.api_server import response

URL = "http://router"
REQUEST = {"prompt": "x"}
GOOD = msgspec.json.encode(response("r-1"))
START = b'data: {"type":"start","messageMetadata":{"requestId":"r-1"}}\n\n'
LIMITS = {
    "ratelimit-policy": '"account";q=50;w=5, "key-tokens";q=9000;qu="tokens";w=60, "account-concurrency";q=4',
    "ratelimit": '"account";r=49;t=1, "account-concurrency";r=3',
}


class WaitingClock(PatientClock):
    """Waits at once, keeps what it was asked for, and lets the time pass by it."""

    def __init__(self, chance: float = 0.5) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.passed = 0.0
        self._chance = chance

    def now(self) -> float:
        return self.passed

    def random(self) -> float:
        return self._chance

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed += seconds

    async def sleep(self, seconds: float) -> None:
        self.wait(seconds)


class Script:
    """Answers a call with each of ``answers`` in turn, and with the last of them ever after."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.asked: list[httpx2.Request] = []
        self._answers = answers

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


def good() -> httpx2.Response:
    return httpx2.Response(200, content=GOOD)


def bad(status: int, code: str, retryable: bool, wait: str = "", **facts: Any) -> httpx2.Response:
    error = {"code": code, "message": "no", "retryable": retryable, "requestId": "r-1", **facts}
    return httpx2.Response(status, headers={"retry-after": wait} if wait else {}, json={"error": error})


def client(script: Callable[[httpx2.Request], httpx2.Response], clock: PatientClock, **options: Any) -> RouterClient:
    return RouterClient(URL, "sbx_x", transport=httpx2.MockTransport(script), clock=clock, **options)


def test_what_may_be_asked_again_is_asked_again_twice_at_most() -> None:
    script, clock = Script(bad(502, "PROVIDER_ERROR", retryable=True)), WaitingClock()
    with client(script, clock) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert len(script.asked) == 3
    assert clock.waits == [0.5, 1.0]
    assert (caught.value.code, caught.value.facts.attempts, caught.value.request_id) == ("PROVIDER_ERROR", 3, "r-1")


def test_an_answer_that_comes_at_last_says_how_often_it_was_asked_for() -> None:
    script = Script(httpx2.ConnectError("refused"), bad(503, "OVERLOADED", retryable=True, wait="1"), good())
    with client(script, WaitingClock()) as made:
        answer, facts = made.call_with_facts(REQUEST)
    assert (answer.text, facts.attempts) == ("Hello", 3)


@pytest.mark.parametrize(
    ("status", "code"), [(400, "VALIDATION_ERROR"), (402, "PAYMENT_REQUIRED"), (500, "MAX_RETRIES_EXCEEDED")]
)
def test_what_the_router_says_is_final_is_asked_once(status: int, code: str) -> None:
    script = Script(bad(status, code, retryable=False))
    with client(script, WaitingClock()) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert len(script.asked) == 1
    assert caught.value.code == code


def test_an_error_that_is_not_the_router_s_has_a_code_too() -> None:
    told = {"message": "Invalid URL", "type": "invalid_request_error", "param": None, "code": None}
    script = Script(httpx2.Response(404, json={"error": told}))
    with client(script, WaitingClock()) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert (caught.value.code, str(caught.value)) == ("INTERNAL_ERROR", "Invalid URL")


@pytest.mark.parametrize(("chance", "waited"), [(0.0, 3.09375), (1.0, 3.15625)])
def test_what_the_router_asks_to_wait_is_waited_and_a_little_more(chance: float, waited: float) -> None:
    clock = WaitingClock(chance)
    with client(Script(bad(429, "RATE_LIMIT_EXCEEDED", retryable=True, wait="3"), good()), clock) as made:
        made.call(REQUEST)
    assert clock.waits == [waited]


def test_milliseconds_are_obeyed_where_the_router_gives_them() -> None:
    clock = WaitingClock()
    refused = bad(429, "RATE_LIMIT_EXCEEDED", retryable=True, wait="2", retryAfterMs=1200)
    with client(Script(refused, good()), clock) as made:
        made.call(REQUEST)
    assert 1.2 <= clock.waits[0] < 2


@pytest.mark.parametrize("wait", ["-1", "nan", "1e309", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 30, ""])
def test_a_wait_that_is_no_number_is_as_good_as_none(wait: str) -> None:
    clock = WaitingClock()
    with client(Script(bad(503, "OVERLOADED", retryable=True, wait=wait), good()), clock) as made:
        made.call(REQUEST)
    assert clock.waits == [0.5]


def test_more_than_the_time_that_is_left_is_not_waited_for() -> None:
    script, clock = Script(bad(429, "RATE_LIMIT", retryable=True, wait="61")), WaitingClock()
    with client(script, clock) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert (len(script.asked), clock.waits, caught.value.retry_after) == (1, [], 61)


def test_a_call_has_its_time_in_all_however_often_it_is_made() -> None:
    clock = WaitingClock()

    def slow(request: httpx2.Request) -> httpx2.Response:
        clock.passed += 20
        return bad(502, "PROVIDER_ERROR", retryable=True)

    with client(slow, clock, timeout=30) as made, pytest.raises(LLMRouterTimeoutError) as caught:
        made.call(REQUEST)
    assert clock.passed < 60
    assert (caught.value.code, caught.value.message) == ("TIMEOUT", "Request timed out after 30000ms")


def test_all_attempts_at_a_call_bear_one_key_and_no_two_calls_the_same() -> None:
    script = Script(bad(502, "PROVIDER_ERROR", retryable=True), good())
    with client(script, PatientClockWithoutWaits()) as made:
        made.call(REQUEST)
        made.call(REQUEST)
        made.call(REQUEST, idempotency_key="mine")
    keys = [request.headers["idempotency-key"] for request in script.asked]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert keys[3] == "mine"


def test_processes_that_were_forked_from_one_make_keys_of_their_own() -> None:
    settings = ClientSettings(URL, "sbx_x", 1.0, ClientRetryPolicy())
    calls = [each.prompt(REQUEST, {}, stream=False) for each in (settings, copy.deepcopy(settings))]
    assert len({call.headers["idempotency-key"] for call in calls}) == 2


def test_an_answer_that_trickles_in_is_given_up_when_the_time_is_over() -> None:
    clock = WaitingClock()

    def trickle() -> Iterator[bytes]:
        for place in range(len(GOOD)):
            clock.passed += 1
            yield GOOD[place : place + 1]

    def slow(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=trickle())

    with client(slow, clock, timeout=30) as made, pytest.raises(LLMRouterTimeoutError):
        made.call(REQUEST)
    assert clock.passed == 30


async def test_the_asynchronous_client_gives_up_when_the_time_is_over() -> None:
    async def silent(request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    async with AsyncRouterClient(URL, "sbx_x", transport=httpx2.MockTransport(silent)) as made:
        with pytest.raises(LLMRouterTimeoutError, match="after 20ms"):
            await made.call(REQUEST, timeout=0.02)


def test_an_error_goes_from_process_to_process_whole() -> None:
    script = Script(bad(402, "PAYMENT_REQUIRED", retryable=False, budgetStatus={"alerts": ["x"]}))
    with client(script, WaitingClock()) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.status_code, again.context) == ("PAYMENT_REQUIRED", 402, caught.value.context)
    assert again.facts == caught.value.facts


def test_who_wants_no_retries_sends_no_key() -> None:
    script = Script(httpx2.ReadError("reset"))
    with client(script, WaitingClock(), retries=0) as made, pytest.raises(LLMRouterError):
        made.call(REQUEST)
    assert len(script.asked) == 1
    assert "idempotency-key" not in script.asked[0].headers


def test_retries_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        RouterClient(URL, "sbx_x", retries=-1)


class PatientClockWithoutWaits(PatientClock):
    """The machine's clock, without its waits."""

    def wait(self, seconds: float) -> None:
        return


def test_a_stream_is_asked_for_again_while_nothing_of_it_has_come() -> None:
    script = Script(bad(503, "OVERLOADED", retryable=True, wait="1"), httpx2.Response(200, content=b""), stream_of())
    with client(script, WaitingClock()) as made:
        stream = made.stream(REQUEST)
        assert "".join(stream.texts()) == "Hi"
    assert len(script.asked) == 3
    assert stream.facts is not None
    assert stream.facts.attempts == 3


def stream_of() -> httpx2.Response:
    events = [
        {"type": "text-delta", "id": "1", "delta": "Hi"},
        {"type": "finish", "finishReason": "stop", "messageMetadata": {"requestId": "r-1"}},
    ]
    lines = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return httpx2.Response(200, content=START + lines + b"data: [DONE]\n\n")


def test_a_stream_that_breaks_after_its_first_part_is_not_asked_for_again() -> None:
    script, clock = Script(httpx2.Response(200, headers=LIMITS, content=START)), WaitingClock()
    with client(script, clock) as made:
        stream = made.stream(REQUEST)
        assert isinstance(next(stream), StartPart)
        with pytest.raises(LLMRouterError) as caught:
            next(stream)
    assert (len(script.asked), clock.waits) == (1, [])
    assert (caught.value.code, caught.value.retryable, len(caught.value.facts.limits)) == ("NETWORK", True, 3)


async def test_the_asynchronous_client_asks_again_in_the_same_way() -> None:
    script, clock = Script(bad(503, "OVERLOADED", retryable=True, wait="1"), good(), stream_of()), WaitingClock()
    transport = httpx2.MockTransport(script)
    async with AsyncRouterClient(URL, "sbx_x", transport=transport, clock=clock) as made:
        assert (await made.call(REQUEST)).text == "Hello"
        assert [text async for text in made.stream(REQUEST).texts()] == ["Hi"]
    assert len(clock.waits) == 1
    keys = [request.headers["idempotency-key"] for request in script.asked]
    assert keys[0] == keys[1] != keys[2]


async def test_an_asynchronous_stream_that_breaks_is_not_asked_for_again() -> None:
    script = Script(httpx2.Response(200, content=START))
    transport = httpx2.MockTransport(script)
    async with AsyncRouterClient(URL, "sbx_x", transport=transport, clock=WaitingClock()) as made:
        with pytest.raises(LLMRouterError, match="broke off"):
            [part async for part in made.stream(REQUEST)]
    assert len(script.asked) == 1


def test_limits_are_told_with_the_answer() -> None:
    script = Script(
        httpx2.Response(200, headers={**LIMITS, "x-request-id": "r-1", "x-signalbox-cache": "hit"}, content=GOOD)
    )
    with client(script, WaitingClock()) as made:
        _, facts = made.call_with_facts(REQUEST)
    assert facts.limits == (
        LimitState(name="account", quota=50, window_s=5, left=49, more_in_s=1),
        LimitState(name="key-tokens", unit="tokens", quota=9000, window_s=60),
        LimitState(name="account-concurrency", quota=4, left=3),
    )
    assert (facts.request_id, facts.cache) == ("r-1", "hit")


@pytest.mark.parametrize("header", ['"account', "account;r=1", '"a";r=x, "b";r=2', "", '"a";r="1"'])
def test_limits_that_cannot_be_read_are_left_out(header: str) -> None:
    script = Script(httpx2.Response(200, headers={"ratelimit": header}, content=GOOD))
    with client(script, WaitingClock()) as made:
        _, facts = made.call_with_facts(REQUEST)
    assert all(isinstance(each.left, int | None) for each in facts.limits)


def test_compressed_answers_are_read() -> None:
    def zipped(request: httpx2.Request) -> httpx2.Response:
        assert "gzip" in request.headers["accept-encoding"]
        return httpx2.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(GOOD))

    with client(zipped, WaitingClock()) as made:
        assert made.call(REQUEST).text == "Hello"


def test_an_answer_of_another_server_is_judged_by_its_status() -> None:
    passing = httpx2.Response(502, content=b"<html>bad gateway</html>")
    final = httpx2.Response(413, content=b"<html>too large</html>")
    with client(Script(passing, final), WaitingClock()) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert (caught.value.status_code, caught.value.retryable, caught.value.facts.attempts) == (413, False, 2)


def test_an_answer_that_cannot_be_read_is_an_error_of_ours() -> None:
    script = Script(httpx2.Response(200, content=b"{"))
    with client(script, WaitingClock(), retries=0) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert caught.value.code == "PROVIDER_ERROR"


def test_the_key_is_in_no_error_and_no_representation() -> None:
    with client(Script(httpx2.ReadError("reset")), WaitingClock()) as made, pytest.raises(LLMRouterError) as caught:
        made.call(REQUEST)
    assert "sbx_x" not in repr(caught.value) + str(vars(caught.value)) + repr(made)

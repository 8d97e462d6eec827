"""The clients against a running interface."""

import ssl
from collections.abc import Iterator

import httpx2
import pytest

from router_core.client import (
    AsyncRouterClient,
    LLMRouterAuthError,
    LLMRouterError,
    RouterClient,
    async_router_call,
    async_router_call_stream,
    create_router_client,
    router_call,
    router_call_stream,
)
from router_core.client.attempts import ClientRetryPolicy
from router_core.client.calls import ClientSettings
from router_core.errors import LLMProviderError, PaymentRequiredError
from router_core.ports import ProviderHealth
from router_core.types import (
    FinishPart,
    LLMRequest,
    StartPart,
    StepEnd,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolOutput,
)
from tests.support.api_server import ApiRig, response

REQUEST = LLMRequest(prompt="x")


@pytest.fixture
def client(rig: ApiRig) -> Iterator[RouterClient]:
    with RouterClient(rig.url, rig.service, retries=0) as made:
        yield made


def test_call_and_call_json_return_the_answer(client: RouterClient) -> None:
    assert client.call(REQUEST).text == "Hello"
    assert client.call_json({"prompt": "x"})["usage"]["totalTokens"] == 5


def test_a_stream_comes_back_as_parts(client: RouterClient) -> None:
    parts = list(client.stream(REQUEST))
    assert isinstance(parts[0], StartPart)
    assert [part.text for part in parts if isinstance(part, TextDelta)] == ["Hel", "lo"]
    assert isinstance(parts[-1], FinishPart)
    assert parts[-1].response.text == "Hello"
    assert parts[-1].response.cost.usd == "0.000450"


def test_a_broken_stream_raises_the_error_of_its_end(client: RouterClient, rig: ApiRig) -> None:
    rig.router.parts = (StartPart("r", "p", "m"),)
    rig.router.error = LLMProviderError("broke", provider="p")
    with pytest.raises(LLMRouterError) as caught:
        list(client.stream(REQUEST))
    assert (caught.value.code, caught.value.retryable) == ("PROVIDER_ERROR", True)


def test_a_wrong_key_is_an_auth_error(rig: ApiRig) -> None:
    with RouterClient(rig.url, "sbx_wrong") as client, pytest.raises(LLMRouterAuthError) as caught:
        client.call(REQUEST)
    assert caught.value.status_code == 401


def test_the_fallback_serves_when_the_router_fails_but_not_when_it_refuses(client: RouterClient, rig: ApiRig) -> None:
    rig.router.error = LLMProviderError("broke", provider="p")
    assert client.call_with_fallback(REQUEST, lambda: "direct") == "direct"
    rig.router.error = PaymentRequiredError("Daily budget exceeded")
    with pytest.raises(LLMRouterError, match="Daily budget"):
        client.call_with_fallback(REQUEST, lambda: "direct")


def test_the_fallback_serves_when_the_router_is_switched_off(rig: ApiRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_LLM_ROUTER", "false")
    with RouterClient(rig.url, rig.service) as client:
        assert client.call_with_fallback(REQUEST, lambda: "direct") == "direct"
    assert rig.router.requests == []


async def test_the_asynchronous_client_does_the_same(rig: ApiRig) -> None:
    async with AsyncRouterClient(rig.url, rig.service) as client:
        assert (await client.call(REQUEST)).text == "Hello"
        parts = [part async for part in client.stream(REQUEST)]
    assert isinstance(parts[-1], FinishPart)


@pytest.fixture
def _surrounded(rig: ApiRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALBOX_URL", rig.url)
    monkeypatch.setenv("SIGNALBOX_API_KEY", rig.service.reveal())


@pytest.mark.usefixtures("_surrounded")
async def test_helpers_take_everything_else_from_the_environment() -> None:
    assert router_call(REQUEST).text == (await async_router_call(REQUEST)).text == "Hello"
    assert "".join(router_call_stream(REQUEST).texts()) == "Hello"
    assert [text async for text in async_router_call_stream(REQUEST).texts()] == ["Hel", "lo"]


def test_without_an_address_a_client_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALBOX_URL", raising=False)
    with pytest.raises(ValueError, match="SIGNALBOX_URL"):
        create_router_client()


def test_certificates_are_always_checked_and_read_only_where_there_are_any() -> None:
    secure, plain = (ClientSettings(url, None, 1.0, ClientRetryPolicy()).trust() for url in ("https://r", "http://r"))
    assert secure is True
    assert plain is not True
    assert (plain.verify_mode, plain.check_hostname, plain.get_ca_certs()) == (ssl.CERT_REQUIRED, True, [])


def test_a_program_that_uses_no_router_needs_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALBOX_URL", raising=False)
    monkeypatch.setenv("USE_LLM_ROUTER", "false")
    with create_router_client() as client:
        assert client.call_with_fallback(REQUEST, lambda: "direct") == "direct"
        with pytest.raises(ValueError, match="no router address"):
            client.call(REQUEST)


async def test_an_asynchronous_fallback_may_be_a_plain_function_too(rig: ApiRig) -> None:
    async def slowly() -> str:
        return "slowly"

    rig.router.error = LLMProviderError("broke", provider="p")
    async with AsyncRouterClient(rig.url, rig.service, retries=0) as client:
        assert await client.call_with_fallback(REQUEST, slowly) == "slowly"
        assert await client.call_with_fallback(REQUEST, lambda: "directly") == "directly"


def test_a_dry_run_and_figures_of_the_account_are_calls_like_others(client: RouterClient, rig: ApiRig) -> None:
    assert client.route(REQUEST).use_case == "general"
    assert client.budget()["accountId"] == client.usage()["accountId"] == "acme"


async def test_the_asynchronous_client_has_them_too(rig: ApiRig) -> None:
    async with AsyncRouterClient(rig.url, rig.service) as client:
        assert (await client.route(REQUEST)).use_case == "general"
        assert (await client.budget())["accountId"] == (await client.usage())["accountId"] == "acme"
        assert (await client.call_json(REQUEST))["text"] == "Hello"


@pytest.mark.parametrize("healthy", [True, False])
async def test_health_is_told_whether_it_is_good_or_bad(client: RouterClient, rig: ApiRig, healthy: bool) -> None:
    rig.board.rows = [
        ProviderHealth(provider="a", healthy=healthy, latency_ms=1.0, last_check=None, error=None, breaker="CLOSED")
    ]
    assert client.health_check() is healthy
    assert client.health()["stats"]["total"] == 1
    async with AsyncRouterClient(rig.url, rig.service) as other:
        assert await other.health_check() is healthy


def test_a_router_that_cannot_be_reached_is_not_healthy_and_a_network_error() -> None:
    with RouterClient("http://127.0.0.1:9", "sbx_x", retries=0) as client:
        assert client.health_check() is False
        with pytest.raises(LLMRouterError) as caught:
            client.call(REQUEST)
    assert (caught.value.code, caught.value.status_code, caught.value.retryable) == ("NETWORK", None, True)


def test_a_stream_that_is_left_early_ends_the_call_behind_it(client: RouterClient, rig: ApiRig) -> None:
    rig.router.hang = True
    with client.stream(REQUEST) as stream:
        assert isinstance(next(stream), StartPart)
    assert rig.router.cancelled.wait(10)


async def test_an_asynchronous_stream_that_is_left_early_ends_it_too(rig: ApiRig) -> None:
    rig.router.hang = True
    async with AsyncRouterClient(rig.url, rig.service) as client, client.stream(REQUEST) as stream:
        assert isinstance(await anext(stream), StartPart)
    assert rig.router.cancelled.wait(10)


@pytest.mark.usefixtures("_surrounded")
async def test_a_helper_s_stream_closes_its_client_however_it_ends(rig: ApiRig) -> None:
    rig.router.hang = True
    with router_call_stream(REQUEST) as stream:
        next(stream)
    assert rig.router.cancelled.wait(10)
    rig.router.cancelled.clear()
    async with async_router_call_stream(REQUEST) as parts:
        await anext(parts)
    assert rig.router.cancelled.wait(10)


def test_a_stream_tells_its_facts_and_its_whole_answer(client: RouterClient) -> None:
    stream = client.stream(REQUEST, request_id="mine-1")
    assert (stream.facts, stream.response) == (None, None)
    assert "".join(stream.texts()) == "Hello"
    assert stream.facts is not None
    assert stream.response is not None
    assert (stream.facts.request_id, stream.response.text) == ("mine-1", "Hello")


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b\x0bc", "\u2029", "a\r\nb"])
def test_a_text_may_hold_every_end_of_a_line(client: RouterClient, rig: ApiRig, text: str) -> None:
    rig.router.parts = (StartPart("r", "p", "m"), TextDelta(text), FinishPart(response()))
    assert "".join(client.stream(REQUEST).texts()) == text


def test_steps_of_a_stream_come_back_with_what_tools_gave_and_the_last_step_is_the_answer(
    client: RouterClient, rig: ApiRig
) -> None:
    ran, left = (ToolCall(tool_call_id=each, tool_name=f"tool {each}", args={"n": 1}) for each in ("1", "2"))
    usage = response().usage
    sent: tuple[StreamPart, ...] = (
        StartPart("r", "p", "m"),
        TextDelta("I look."),
        ToolCallStart("1", "tool 1", runs_here=True),
        ToolCallEnd(ran, runs_here=True),
        ToolOutput("1", "tool 1", {"found": [1]}),
        ToolOutput("1", "tool 1", "it broke", is_error=True),
        StepEnd("tool-calls", usage),
        TextDelta("Found."),
        ToolCallStart("2", "tool 2"),
        ToolCallDelta("2", '{"n": 1}'),
        ToolCallEnd(left),
        FinishPart(response(text="Found.", tool_calls=(left,), steps=2)),
    )
    rig.router.parts = sent
    parts = list(client.stream(REQUEST))
    assert parts[:-1] == [part for part in sent[:-1] if not isinstance(part, StepEnd)]
    assert isinstance(parts[-1], FinishPart)
    answer = parts[-1].response
    assert (answer.text, answer.tool_calls, answer.steps) == ("Found.", (left,), 2)


class LosingTransport(httpx2.HTTPTransport):
    """Loses the first answer on its way back."""

    lost: httpx2.Response | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if self.lost is None:
            self.lost = answer
            answer.read()
            answer.close()
            raise httpx2.ReadError("connection reset")
        return answer


def test_an_answer_that_was_lost_comes_again_and_nobody_is_asked_twice(rig: ApiRig) -> None:
    with RouterClient(rig.url, rig.service, transport=LosingTransport()) as client:
        answer, facts = client.call_with_facts(REQUEST)
    assert answer.text == "Hello"
    assert (facts.attempts, facts.replayed, len(rig.router.requests)) == (2, True, 1)

"""The clients against a running interface."""

from collections.abc import Iterator

import pytest

from router_core.client import AsyncRouterClient, LLMRouterAuthError, LLMRouterError, RouterClient
from router_core.errors import LLMProviderError, PaymentRequiredError
from router_core.types import FinishPart, LLMRequest, StartPart, TextDelta
from tests.support.api_server import ApiRig, api_rig

REQUEST = LLMRequest(prompt="x")


@pytest.fixture
def rig() -> Iterator[ApiRig]:
    with api_rig() as made:
        yield made


@pytest.fixture
def client(rig: ApiRig) -> Iterator[RouterClient]:
    with RouterClient(rig.url, rig.service) as made:
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

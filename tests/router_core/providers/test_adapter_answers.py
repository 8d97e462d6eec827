"""Both adapters, whole and streamed, on the templated and on the public way through the SDK."""

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from msgspec import Raw, structs

from router_core.providers import AdapterRegistry
from router_core.providers.anthropic import AnthropicAdapter
from router_core.providers.openai import OpenAIAdapter
from router_core.providers.templates import templated
from router_core.types import (
    AnswerEnd,
    NativeRequest,
    ProviderKind,
    RelayedRequest,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolFormat,
)
from tests.router_core.providers.provider_calls import KEY, call_to
from tests.support.simulator_process import SimulatorProcess

KINDS: tuple[ProviderKind, ...] = ("openai", "anthropic")
TOOLS = {
    "look": ToolFormat(description="Look", parameters={"type": "object", "properties": {"at": {"type": "string"}}})
}


class PublicOpenAI(OpenAIAdapter):
    client_class = openai.AsyncOpenAI


class PublicAnthropic(AnthropicAdapter):
    client_class = anthropic.AsyncAnthropic


@pytest.fixture(params=["templated", "public"])
def adapter_of(request: Any, registry: AdapterRegistry) -> Callable[[ProviderKind], Any]:
    public = {"openai": PublicOpenAI, "anthropic": PublicAnthropic}

    async def make(kind: ProviderKind) -> Any:
        made: Any = await registry.adapter(kind)
        return made if request.param == "templated" else public[kind](made._http_client, made._clock, made._base_url)

    return make


@pytest.mark.parametrize("kind", KINDS)
async def test_streamed_and_whole_answer_agree(kind: ProviderKind, adapter_of: Any, base_url: Any):
    adapter = await adapter_of(kind)
    call = call_to(kind, base_url(kind), temperature=0)
    for _ in range(2):
        whole = await adapter.complete(call)
        *parts, end = [part async for part in adapter.stream(call)]
        assert isinstance(end, AnswerEnd)
        assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == whole.text
        assert whole.text
        assert (end.finish_reason, end.model) == (whole.finish_reason, whole.model) == ("stop", whole.model)
        assert (end.usage, end.usage.estimated) == (whole.usage, False)


@pytest.mark.parametrize("kind", KINDS)
async def test_offered_tool_comes_back_as_a_call(kind: ProviderKind, adapter_of: Any, base_url: Any):
    adapter = await adapter_of(kind)
    call = call_to(kind, base_url(kind), tools=TOOLS, tool_choice="required")
    whole = await adapter.complete(call)
    assert [(made.tool_name, isinstance(made.args, dict)) for made in whole.tool_calls] == [("look", True)]
    parts = [part async for part in adapter.stream(call)]
    kinds = [type(part) for part in parts if not isinstance(part, TextDelta | ToolCallDelta)]
    assert kinds == [ToolCallStart, ToolCallEnd, AnswerEnd]


@pytest.mark.parametrize("kind", KINDS)
async def test_key_goes_out_through_the_official_sdk(
    kind: ProviderKind, adapter_of: Any, base_url: Any, simulator: SimulatorProcess
):
    adapter = await adapter_of(kind)
    await adapter.complete(call_to(kind, base_url(kind)))
    assert simulator.calls()[0]["user_agent"].startswith(
        {"openai": "AsyncOpenAI/", "anthropic": "AsyncAnthropic/"}[kind]
    )
    client: Any = adapter._clients.client(base_url(kind), call_to(kind).key)
    official = openai.AsyncOpenAI if kind == "openai" else anthropic.AsyncAnthropic
    assert issubclass(type(client), official)
    assert (client.api_key, client.max_retries) == (KEY, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_streams_give_their_connection_back(
    kind: ProviderKind, adapter_of: Any, base_url: Any, simulator: SimulatorProcess
):
    adapter = await adapter_of(kind)
    for _ in range(5):
        assert [part async for part in adapter.stream(call_to(kind, base_url(kind)))]
    # One connection is the pool's; the other is that of the control call that counts.
    assert simulator.counts()["open_connections"] <= 2


def test_unknown_request_hook_leaves_the_sdk_as_it_is():
    class OtherHook:
        def _build_request(self, options: Any, *, attempt: int) -> None: ...

    class NoHook:
        pass

    assert templated(OtherHook) is OtherHook
    assert templated(NoHook) is NoHook
    assert templated(openai.AsyncOpenAI) is not openai.AsyncOpenAI
    assert templated(anthropic.AsyncAnthropic) is not anthropic.AsyncAnthropic


async def test_anthropic_counts_what_a_client_wrote_and_openai_counts_nothing(adapter_of: Any, base_url: Any):
    adapter = await adapter_of("anthropic")
    fields = {"messages": Raw(b'[{"role":"user","content":"What is the capital of France?"}]')}
    native = NativeRequest(protocol="anthropic-messages", fields=fields)
    asked = call_to("anthropic", base_url("anthropic"))
    asked = structs.replace(asked, request=RelayedRequest(prompt="Hi", native=native))
    assert await adapter.count_tokens(asked) > 1
    assert (await adapter.complete(asked)).text
    assert await (await adapter_of("openai")).count_tokens(call_to("openai")) is None

"""What leaves besides the body: features that a client switched on go with its own call and with no other."""

from typing import Any

import anthropic
import httpx2
import pytest
from msgspec import Raw, structs

from router_core.clock import SystemClock
from router_core.providers.anthropic import AnthropicAdapter
from router_core.providers.transport import RAW_HEADERS, ConnectionPool, FastClient, WholeResponse
from router_core.types import NativeRequest, RelayedRequest
from tests.router_core.providers.provider_calls import call_to
from tests.support.loopback import LOOPBACK

ANSWER = b'{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1}}'


class Listening(FastClient):
    """Answers every request itself and keeps the headers that it would send."""

    def __init__(self) -> None:
        super().__init__(ConnectionPool(LOOPBACK))
        self.sent: list[dict[str, str]] = []

    async def send(self, request: Any, **_unused: Any) -> httpx2.Response:
        self.sent.append({name.lower(): value for name, value in request.wire.items()})
        made = WholeResponse(200, [], ANSWER, request)
        made.extensions[RAW_HEADERS] = ()
        return made


class PublicAnthropic(AnthropicAdapter):
    client_class = anthropic.AsyncAnthropic


@pytest.mark.parametrize("adapter_class", [AnthropicAdapter, PublicAnthropic])
async def test_betas_go_with_the_call_that_asked_for_them(adapter_class: type[AnthropicAdapter]) -> None:
    listening = Listening()
    adapter = adapter_class(listening, SystemClock(), "https://api.example.test")
    for betas in (("files-api-2025-04-14", "other-1"), (), ("other-2",)):
        native = NativeRequest(protocol="anthropic-messages", fields={"messages": Raw(b"[]")}, betas=betas)
        request = RelayedRequest(prompt="Hi", native=native)
        await adapter.complete(structs.replace(call_to("anthropic"), request=request))
    assert [sent.get("anthropic-beta") for sent in listening.sent] == ["files-api-2025-04-14,other-1", None, "other-2"]
    assert {sent["anthropic-version"] for sent in listening.sent} == {"2023-06-01"}

"""What leaves besides the body: features that a client switched on go with its own call and with no other."""

import anthropic
import pytest
from msgspec import Raw, structs

from router_core.clock import SystemClock
from router_core.providers.anthropic import AnthropicAdapter
from router_core.types import NativeRequest, RelayedRequest
from tests.router_core.providers.provider_calls import call_to
from tests.support.played_vendor import PlayedVendor

ANSWER = b'{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1}}'


class PublicAnthropic(AnthropicAdapter):
    client_class = anthropic.AsyncAnthropic


@pytest.mark.parametrize("adapter_class", [AnthropicAdapter, PublicAnthropic])
async def test_betas_go_with_the_call_that_asked_for_them(adapter_class: type[AnthropicAdapter]) -> None:
    vendor = PlayedVendor(ANSWER)
    adapter = adapter_class(vendor, SystemClock(), "https://api.example.test")
    for betas in (("files-api-2025-04-14", "other-1"), (), ("other-2",)):
        native = NativeRequest(protocol="anthropic-messages", fields={"messages": Raw(b"[]")}, betas=betas)
        request = RelayedRequest(prompt="Hi", native=native)
        await adapter.complete(structs.replace(call_to("anthropic"), request=request))
    assert [sent.get("anthropic-beta") for sent in vendor.told] == ["files-api-2025-04-14,other-1", None, "other-2"]
    assert {sent["anthropic-version"] for sent in vendor.told} == {"2023-06-01"}

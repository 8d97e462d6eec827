"""``/v1/messages`` and what counts its tokens, in front of the real router and adapters, without a network."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from router_core.router import Router, StaticConfig
from router_core.types import Capabilities, Snapshot, UseCasePolicy
from tests.support.asgi_calls import Heard
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys, provider
from tests.support.played_vendor import PlayedAdapters, PlayedVendor
from tests.support.relay_desk import RelayDesk, relay_desk

HELLO = [{"role": "user", "content": "Hi"}]
COUNT = "/v1/messages/count_tokens"
BEGUN = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_v","usage":{"input_tokens":3}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text"}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"One"}}\n\n'
)
FAULT = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
REST = (
    b'data: {"choices":[{"index":0,"delta":{"content":" two"}}],"model":"gpt-4o"}\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"model":"gpt-4o"}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
)


@dataclass
class Scene:
    vendor: PlayedVendor
    desk: RelayDesk
    events: KeptEvents

    async def ask(self, path: str = "/v1/messages", model: str = "claude", **body: Any) -> Heard:
        limit = {} if path == COUNT else {"max_tokens": 50}
        return await self.desk.ask(path, {"model": model, "messages": HELLO, **limit, **body})


@pytest.fixture
async def scene() -> Scene:
    rows = [
        provider("claude", kind="anthropic", model="claude-haiku-4-5", use_cases=("draft",)),
        provider("gpt", model="gpt-4o", use_cases=("draft",), capabilities=Capabilities(vision=False)),
    ]
    vendor, events = PlayedVendor(), KeptEvents()
    policies = {"draft": UseCasePolicy(order=("claude", "gpt"), mid_stream="resume")}
    router = Router(
        config=StaticConfig(Snapshot(rows, policies=policies)), adapters=PlayedAdapters(vendor), keys=PlainKeys(),
        prices=PRICES, recorder=events,
    )  # fmt: skip
    return Scene(vendor, await relay_desk(router), events)


def headers(heard: Heard) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in heard.headers}


def events_of(heard: Heard) -> list[dict[str, Any]]:
    lines = heard.body.decode().split("\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


async def test_the_vendor_counts_for_claude_and_we_estimate_for_others(scene: Scene) -> None:
    scene.vendor.answer = b'{"input_tokens":14}'
    heard = await scene.ask(COUNT)
    assert (heard.status, json.loads(heard.body)) == (200, {"input_tokens": 14})
    told = headers(heard)
    assert (told["x-signalbox-token-count"], told["x-signalbox-provider"]) == ("counted", "claude")
    assert told["request-id"] == told["x-request-id"] == told["x-signalbox-request-id"]
    assert scene.vendor.bodies[-1] == {"model": "claude-haiku-4-5", "messages": HELLO}
    heard = await scene.ask(COUNT, "gpt")
    assert headers(heard)["x-signalbox-token-count"] == "estimated"
    assert json.loads(heard.body)["input_tokens"] > 0
    assert scene.events.events == []


async def test_a_count_that_fails_is_told_in_the_protocol_s_shape(scene: Scene) -> None:
    scene.vendor.answer = b"not a count"
    heard = await scene.ask(COUNT)
    assert (heard.status, json.loads(heard.body)["error"]["type"]) == (502, "api_error")


async def test_features_go_to_the_vendor_and_an_answer_names_its_request(scene: Scene) -> None:
    scene.vendor.answer = b'{"type":"message","id":"msg_v","content":[],"usage":{"input_tokens":1,"output_tokens":1}}'
    body = {"model": "claude", "max_tokens": 50, "messages": HELLO}
    heard = await scene.desk.ask("/v1/messages", body, anthropic_beta="files-api-2025-04-14, other-1")
    assert (heard.status, heard.body) == (200, scene.vendor.answer)
    assert scene.vendor.told[-1]["anthropic-beta"] == "files-api-2025-04-14,other-1"
    told = headers(heard)
    assert (told["request-id"], told["x-signalbox-provider"]) == (told["x-request-id"], "claude")
    assert told["x-signalbox-cost-usd"] == "0.000006"


async def test_a_stream_that_breaks_off_ends_in_an_error_of_the_protocol(scene: Scene) -> None:
    scene.vendor.pieces = (BEGUN, FAULT)
    heard = await scene.ask(stream=True)
    told = events_of(heard)
    assert [event["type"] for event in told] == [
        "message_start", "content_block_start", "content_block_delta", "error",
    ]  # fmt: skip
    assert told[-1]["error"]["type"] == "overloaded_error"
    assert told[-1]["request_id"] == headers(heard)["request-id"]


async def test_a_stream_that_goes_on_with_another_vendor_is_one_message(scene: Scene) -> None:
    scene.vendor.first.append((BEGUN, FAULT))
    scene.vendor.pieces = (REST,)
    told = events_of(await scene.ask(model="use-case:draft", stream=True))
    assert [event["type"] for event in told] == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    assert [event["delta"]["text"] for event in told[2:4]] == ["One", " two"]
    assert {event["index"] for event in told[1:5]} == {0}
    assert scene.vendor.bodies[-1]["model"] == "gpt-4o"


async def test_a_request_that_only_one_protocol_can_say_goes_to_nobody_else(scene: Scene) -> None:
    heard = await scene.ask(model="gpt", top_k=3)
    assert heard.status == 400
    assert json.loads(heard.body)["error"]["message"].endswith("knows no top_k")
    assert not scene.vendor.bodies

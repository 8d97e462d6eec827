"""Any model behind either protocol: what a client says reaches the other vendor, and its answer comes back, unchanged.

Generated requests and answers go through the real paths, router and adapters; only the network is missing.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming._deltas import accumulate_delta
from pydantic import TypeAdapter

from router_core.providers.anthropic import shaped_schema
from router_core.router import Router, StaticConfig
from tests.properties.protocol_bodies import (
    chat_requests,
    chunks_of,
    completions,
    events_of,
    message_requests,
    messages,
    sliced,
)
from tests.properties.protocol_meaning import of_chat, of_completion, of_message, of_messages, without_thoughts
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys, provider
from tests.support.played_vendor import PlayedAdapters, PlayedVendor
from tests.support.relay_desk import RelayDesk, relay_desk

EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
EXAMPLES = settings(max_examples=40, deadline=None)
RANDOM = st.integers(0, 2**32).map(random.Random)


class World:
    """The paths before both vendors, played, on one loop."""

    def __init__(self) -> None:
        self.vendor = PlayedVendor()
        self.runner = asyncio.Runner()
        rows = [
            provider("gpt", model="gpt-4o", context_window=10**7),
            provider("claude", kind="anthropic", model="claude-sonnet-4-5", context_window=10**7),
        ]
        router = Router(
            config=StaticConfig(rows), adapters=PlayedAdapters(self.vendor), keys=PlainKeys(), prices=PRICES,
            recorder=KeptEvents(),
        )  # fmt: skip
        self._desk: RelayDesk = self.runner.run(relay_desk(router))

    def ask(self, path: str, body: dict[str, Any], answer: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the vendor was asked, and what the client was answered."""
        self.vendor.answer = json.dumps(answer).encode()
        heard = self._heard(path, body)
        told: dict[str, Any] = json.loads(heard)
        return self.vendor.bodies[-1], told

    def stream(self, path: str, body: dict[str, Any], pieces: tuple[bytes, ...]) -> list[dict[str, Any]]:
        """Return the data of the events that the client was sent."""
        self.vendor.pieces = pieces
        lines = self._heard(path, {**body, "stream": True}).decode().split("\n")
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [json.loads(each) for each in data if each != "[DONE]"]

    def _heard(self, path: str, body: dict[str, Any]) -> bytes:
        heard = self.runner.run(self._desk.ask(path, body))
        assert heard.status == 200, heard.body
        return heard.body


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.runner.close()


def shaped(said: dict[str, Any]) -> dict[str, Any]:
    """Return a request with its schema in the dialect of the vendor."""
    return said if said["schema"] is None else {**said, "schema": shaped_schema(said["schema"])}


def assembled_completion(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the completion that the official client makes of a stream."""
    message: Any = {}
    finish = None
    for chunk in chunks:
        for choice in chunk["choices"]:
            message = accumulate_delta(message, choice["delta"])
            finish = choice["finish_reason"] or finish
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": chunks[-1]["usage"]}


def assembled_message(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the message that the official client makes of a stream, which must have one beginning and one end."""
    kinds = [event["type"] for event in events]
    assert (kinds.count("message_start"), kinds[-1]) == (1, "message_stop")
    snapshot: Any = None
    pieces: dict[int, bytes] = {}
    for event in events[:-1]:
        snapshot = accumulate_event(event=EVENTS.validate_python(event), current_snapshot=snapshot, json_bufs=pieces)
    made: dict[str, Any] = snapshot.to_dict()
    return made


@EXAMPLES
@given(body=chat_requests("claude"), answer=messages())
def test_claude_behind_chat_completions_hears_all_and_says_all(
    world: World, body: dict[str, Any], answer: dict[str, Any]
) -> None:
    asked, told = world.ask(CHAT, body, answer)
    assert of_messages(asked) == shaped(of_chat(body))
    assert of_completion(told) == of_message(answer)


@EXAMPLES
@given(body=message_requests("gpt"), answer=completions())
def test_gpt_behind_messages_hears_all_and_says_all(world: World, body: dict[str, Any], answer: dict[str, Any]) -> None:
    asked, told = world.ask(MESSAGES, body, answer)
    assert of_chat(asked) == without_thoughts(of_messages(body))
    assert of_message(told) == of_completion(answer)


@EXAMPLES
@given(answer=messages(), rng=RANDOM)
def test_a_stream_of_claude_s_amounts_to_its_whole_answer_in_chat_completions(
    world: World, answer: dict[str, Any], rng: random.Random
) -> None:
    body = {
        "model": "claude",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream_options": {"include_usage": True},
    }
    chunks = world.stream(CHAT, body, sliced(events_of(answer, rng), rng))
    assert of_completion(assembled_completion(chunks)) == of_message(answer)


@EXAMPLES
@given(answer=completions(), rng=RANDOM)
def test_a_stream_of_gpt_s_amounts_to_its_whole_answer_in_messages(
    world: World, answer: dict[str, Any], rng: random.Random
) -> None:
    body = {"model": "gpt", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
    events = world.stream(MESSAGES, body, sliced(chunks_of(answer, rng), rng))
    assert of_message(assembled_message(events)) == of_completion(answer)


@EXAMPLES
@given(answer=messages(), rng=RANDOM)
def test_claude_s_thoughts_go_through_a_client_of_chat_completions_and_back_unchanged(
    world: World, answer: dict[str, Any], rng: random.Random
) -> None:
    turns: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
    body = {"model": "claude", "messages": turns, "stream_options": {"include_usage": True}}
    chunks = world.stream(CHAT, body, sliced(events_of(answer, rng), rng))
    spoken = assembled_completion(chunks)["choices"][0]["message"]
    asked, _ = world.ask(CHAT, {"model": "claude", "messages": [*turns, spoken, *turns]}, answer)
    wanted = {"messages": [*turns, {"role": "assistant", "content": answer["content"]}, *turns], "max_tokens": 1}
    assert of_messages(asked)["items"] == of_messages(wanted)["items"]

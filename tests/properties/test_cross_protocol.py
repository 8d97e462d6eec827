"""Any model behind either protocol: what a client says reaches the other vendor, and its answer comes back, unchanged.

Generated requests and answers go through the real paths, router and adapters; only the network is missing.
"""

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
from tests.properties.protocol_bodies import (
    chat_requests,
    chunks_of,
    completions,
    events_of,
    message_requests,
    messages,
    response_requests,
    sliced,
)
from tests.properties.protocol_meaning import (
    of_chat,
    of_completion,
    of_message,
    of_messages,
    of_response,
    of_response_request,
    without_thoughts,
)
from tests.properties.protocol_world import World

EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
EXAMPLES = settings(max_examples=40, deadline=None)
RANDOM = st.integers(0, 2**32).map(random.Random)


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


@EXAMPLES
@given(body=response_requests("claude"), answer=messages())
def test_claude_behind_responses_hears_all_and_says_all(
    world: World, body: dict[str, Any], answer: dict[str, Any]
) -> None:
    asked, told = world.ask(RESPONSES, body, answer)
    assert of_messages(asked) == shaped(of_response_request(body))
    assert of_response(told) == of_message(answer)


@EXAMPLES
@given(answer=messages(), rng=RANDOM)
def test_a_stream_of_claude_s_amounts_to_its_whole_answer_in_responses_and_goes_back_unchanged(
    world: World, answer: dict[str, Any], rng: random.Random
) -> None:
    turns: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
    events = world.stream(RESPONSES, {"model": "claude", "input": turns}, sliced(events_of(answer, rng), rng))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    whole = events[-1]["response"]
    assert of_response(whole) == of_message(answer)
    pieces = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert "".join(pieces) == "".join(each[1] for each in of_message(answer)["items"] if each[0] == "text")
    asked, _ = world.ask(RESPONSES, {"model": "claude", "input": [*turns, *whole["output"], *turns]}, answer)
    wanted = {"messages": [*turns, {"role": "assistant", "content": answer["content"]}, *turns], "max_tokens": 1}
    assert of_messages(asked)["items"] == of_messages(wanted)["items"]

"""Thoughts in chat completions: told as plain text and as details, and given back to the vendor that sealed them."""

import json
from typing import Any

import msgspec
import pytest
from openai.lib.streaming._deltas import accumulate_delta

from router_core.api.openai_compatible.reasoning import DetailedReasoning, details_of
from router_core.api.openai_compatible.request import parse_chat
from router_core.types import ReasoningDelta, ReasoningPart, ToolCallPart, reasoning_parts

PIECES = [
    [ReasoningDelta("H"), ReasoningDelta("m"), ReasoningDelta(signature="s1"), ReasoningDelta("So", "s2")],
    [ReasoningDelta(data="x1"), ReasoningDelta("Hm"), ReasoningDelta(data="x2"), ReasoningDelta(signature="s")],
    [ReasoningDelta("Open "), ReasoningDelta("end"), ReasoningDelta(data="x")],
]


def parts(details: Any) -> tuple[ReasoningPart, ...]:
    return tuple(
        ReasoningPart(**{name: each[name] for name in ("text", "signature", "data") if name in each})
        for each in details
    )


@pytest.mark.parametrize("pieces", PIECES)
def test_pieces_add_up_to_the_details_of_the_whole_as_the_official_client_adds(pieces: list[ReasoningDelta]) -> None:
    told, whole = DetailedReasoning(), reasoning_parts(pieces)
    message: dict[object, object] = {}
    for piece in pieces:
        delta: Any = told.delta(piece)
        message = accumulate_delta(message, delta)
    assert parts(message["reasoning_details"]) == parts(details_of(whole)) == whole
    assert message.get("reasoning_content", "") == "".join(part.text for part in whole)


def test_sealed_thoughts_come_back_as_they_were_and_their_vendor_alone_hears_of_them() -> None:
    sealed = (ReasoningPart(text="Hm", signature="s1"), ReasoningPart(data="x1"))
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    spoken = {
        "role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "Hm",
        "reasoning_details": [*details_of(sealed), {"type": "reasoning.text", "text": "unsealed"}, {"type": "other"}],
    }  # fmt: skip
    elsewhere = {"role": "assistant", "content": "Hi", "reasoning_content": "plain"}
    turns = [{"role": "user", "content": "Hello"}, spoken, {"role": "tool", "tool_call_id": "c1", "content": "x"}]
    request = parse_chat(json.dumps({"model": "m", "messages": [*turns, elsewhere]}).encode(), {})
    assert request.messages is not None
    assert request.messages[1].content == (*sealed, ToolCallPart(tool_call_id="c1", tool_name="look", args={}))
    passed = msgspec.json.decode(request.native.fields["messages"])
    bare = {name: value for name, value in spoken.items() if not name.startswith("reasoning")}
    assert passed == [turns[0], bare, turns[2], elsewhere]
    assert request.native.needs == ()

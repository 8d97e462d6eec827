"""Chat completion streams: a vendor's own chunks as they are, and chunks of our own where there are none."""

import json
from typing import Any

import pytest
from msgspec import Raw

from router_core.api.openai_compatible.stream import ChatStream
from router_core.errors import NetworkError
from router_core.providers.sse import EventSplitter
from router_core.types import (
    Cost,
    FinishPart,
    FinishReason,
    NativeEvents,
    NativeRequest,
    ReasoningDelta,
    RelayedRequest,
    RelayedResponse,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
    WireUsage,
)

START = StartPart("r-1", "claude", "claude-haiku-4-5")
SPENT = Usage(input_tokens=3, cache_read_tokens=4, output_tokens=5, reasoning_tokens=6)
NONE: dict[str, Any] = {"logprobs": None, "finish_reason": None}


def finish(reason: FinishReason = "stop") -> FinishPart:
    return FinishPart(
        RelayedResponse(
            request_id="r-1", text="", provider="claude", model="claude-haiku-4-5", tool_calls=(),
            finish_reason=reason, steps=1, cached=False, usage=WireUsage.of(SPENT), latency_ms=1.0,
            cost=Cost(usd=None, estimated=False), spent=SPENT,
        )
    )  # fmt: skip


def streamed(*parts: StreamPart, usage: bool = False) -> tuple[list[dict[str, Any]], bool]:
    """Return the chunks of a stream, and whether its end marker came last."""
    fields = {"stream_options": Raw(b'{"include_usage":true}')} if usage else {}
    request = RelayedRequest(prompt="Hi", native=NativeRequest(protocol="openai-chat", fields=fields))
    stream = ChatStream(request, "r-1", 17)
    events = b"".join(map(stream.encode, parts)).decode().split("\n\n")
    assert events.pop() == ""
    assert all(each.startswith("data: ") for each in events)
    ended = events[-1:] == ["data: [DONE]"]
    return [json.loads(each[6:]) for each in events if each != "data: [DONE]"], ended


def deltas(chunks: list[dict[str, Any]]) -> list[Any]:
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


def chunk(**fields: Any) -> bytes:
    return json.dumps({"id": "chatcmpl-v", "created": 9, "model": "gpt-4o-mini-x", **fields}).encode()


def test_an_answer_of_another_vendor_is_told_in_chunks_of_one_id() -> None:
    chunks, ended = streamed(START, ReasoningDelta("Hm"), TextDelta("Hel"), TextDelta("lo"), finish())
    assert {(each["id"], each["created"], each["model"], each["object"]) for each in chunks} == {
        ("chatcmpl-r-1", 17, "claude-haiku-4-5", "chat.completion.chunk")
    }
    assert deltas(chunks) == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Hm", "reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "Hm"}]},
        {"content": "Hel"}, {"content": "lo"}, {},
    ]  # fmt: skip
    assert [each["choices"][0]["finish_reason"] for each in chunks] == [None, None, None, None, "stop"]
    assert all("usage" not in each for each in chunks)
    assert ended


def test_usage_is_told_to_who_asked_for_it_in_a_last_chunk_without_choices() -> None:
    chunks, ended = streamed(START, TextDelta("Hi"), finish(), usage=True)
    assert [each["usage"] for each in chunks[:-1]] == [None, None, None]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {
        "prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 6},
    }  # fmt: skip
    assert ended


def test_tool_calls_have_an_index_each_and_arguments_that_are_json() -> None:
    one, two = (ToolCall(tool_call_id=each, tool_name="look", args={}) for each in ("a", "b"))
    chunks, _ = streamed(
        START, ToolCallStart("a", "look"), ToolCallDelta("a", '{"at":'), ToolCallStart("b", "look"),
        ToolCallDelta("a", '"x"}'), ToolCallEnd(one), ToolCallEnd(two), finish("tool-calls"),
    )  # fmt: skip
    called: dict[int, dict[str, str]] = {}
    for delta in deltas(chunks):
        for call in delta.get("tool_calls", ()):
            seen = called.setdefault(call["index"], {"id": call.get("id", ""), "arguments": ""})
            seen["arguments"] += call["function"]["arguments"]
    assert called == {0: {"id": "a", "arguments": '{"at":"x"}'}, 1: {"id": "b", "arguments": "{}"}}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("reason", "told"), [("length", "length"), ("content-filter", "content_filter"), ("other", "stop")]
)
def test_every_end_has_a_name_in_the_protocol(reason: FinishReason, told: str) -> None:
    chunks, _ = streamed(START, finish(reason))
    assert deltas(chunks)[0] == {"role": "assistant", "content": ""}
    assert chunks[-1]["choices"][0]["finish_reason"] == told


def test_a_vendor_s_chunks_go_out_as_they_came_but_for_usage_that_nobody_asked_for() -> None:
    word = chunk(choices=[{"index": 0, "delta": {"content": 'say "usage":null'}, **NONE}], usage=None, obfuscation="x")
    last = chunk(choices=[{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}], usage=None)
    used = chunk(choices=[], usage={"total_tokens": 3})
    parts = (START, NativeEvents((word,), 1), TextDelta("!"), NativeEvents((last, used, b"[DONE]")), finish())
    chunks, ended = streamed(*parts, usage=True)
    assert (chunks, ended) == ([json.loads(each) for each in (word, last, used)], True)
    chunks, ended = streamed(*parts)
    wanted = [json.loads(each) for each in (word, last)]
    assert (chunks, ended) == ([{k: v for k, v in each.items() if k != "usage"} for each in wanted], True)


def test_a_stream_that_goes_on_elsewhere_stays_one_stream() -> None:
    word = chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": "One"}, **NONE}])
    chunks, ended = streamed(START, NativeEvents((word,), 1), TextDelta("One"), TextDelta(" two"), finish(), usage=True)
    assert {(each["id"], each["created"], each["model"]) for each in chunks} == {("chatcmpl-v", 9, "gpt-4o-mini-x")}
    assert deltas(chunks) == [{"role": "assistant", "content": "One"}, {"content": " two"}, {}]
    assert chunks[-1]["usage"]["total_tokens"] == 18
    assert ended


def test_a_stream_that_breaks_off_says_so_and_has_no_end_marker() -> None:
    request = RelayedRequest(prompt="Hi", native=NativeRequest(protocol="openai-chat", fields={}))
    event = ChatStream(request, "r-1", 17).failure(NetworkError("connection reset", provider="p"))
    assert json.loads(event.removeprefix(b"data: ")) == {
        "error": {"message": "connection reset", "type": "server_error", "param": None, "code": "network"}
    }


def test_a_chunk_of_several_lines_or_of_odd_types_goes_out_whole() -> None:
    odd = b'{"id": null,\n "created": 1.5,\n "choices": []}'
    stream = ChatStream(RelayedRequest(prompt="Hi", native=NativeRequest(protocol="openai-chat", fields={})), "r", 17)
    splitter = EventSplitter()
    assert splitter.feed(stream.encode(NativeEvents((odd,)))) == [odd]


def test_who_asked_for_usage_is_told_by_us_where_the_vendor_does_not() -> None:
    word = chunk(choices=[{"index": 0, "delta": {"content": "Hi"}, **NONE}], usage=None)
    chunks, ended = streamed(START, NativeEvents((word, b"[DONE]"), 1), TextDelta("Hi"), finish(), usage=True)
    assert (chunks[1]["choices"], chunks[1]["usage"]["total_tokens"], len(chunks), ended) == ([], 18, 2, True)

"""Message streams: a vendor's own events as they are, and events of our own where there are none."""

import json
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from router_core.api.anthropic_compatible.answer import write_message
from router_core.api.anthropic_compatible.stream import MessageStream
from router_core.errors import NetworkError
from router_core.providers.sse import EventSplitter
from router_core.types import (
    Cost,
    FinishPart,
    FinishReason,
    NativeEvents,
    NativeRequest,
    ReasoningDelta,
    ReasoningPart,
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

START = StartPart("r-1", "mini", "gpt-4o-mini")
SPENT = Usage(input_tokens=3, cache_read_tokens=4, cache_write_tokens=2, output_tokens=5, reasoning_tokens=6)
ASKED = RelayedRequest(prompt="Hi", native=NativeRequest(protocol="anthropic-messages", fields={}))
EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def response(reason: FinishReason = "stop", **fields: Any) -> RelayedResponse:
    told: dict[str, Any] = {
        "request_id": "r-1", "text": "", "provider": "mini", "model": "gpt-4o-mini", "tool_calls": (), "steps": 1,
        "finish_reason": reason, "cached": False, "usage": WireUsage.of(SPENT), "latency_ms": 1.0,
        "cost": Cost(usd=None, estimated=False), "spent": SPENT,
    }  # fmt: skip
    return RelayedResponse(**{**told, **fields})


def streamed(*parts: StreamPart) -> list[dict[str, Any]]:
    """Return the data of the events; each must be named by its type."""
    stream = MessageStream(ASKED, "r-1", 17)
    events = b"".join(map(stream.encode, parts)).decode().split("\n\n")
    assert events.pop() == ""
    told = [(head, json.loads(data.removeprefix("data: "))) for head, data in (each.split("\n", 1) for each in events)]
    assert all(head == f"event: {data['type']}" for head, data in told)
    return [data for _, data in told]


def message(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the message that the vendor's own client makes of a stream."""
    snapshot: Any = None
    pieces: dict[int, bytes] = {}
    for event in events:
        if event["type"] not in ("message_stop", "ping"):
            snapshot = accumulate_event(
                event=EVENTS.validate_python(event), current_snapshot=snapshot, json_bufs=pieces
            )
    assert snapshot is not None
    told: dict[str, Any] = snapshot.to_dict(exclude_unset=False)
    return told


def vendor(**event: Any) -> bytes:
    return json.dumps(event).encode()


def test_an_answer_of_another_vendor_is_told_as_one_message() -> None:
    call = ToolCall(tool_call_id="t1", tool_name="look", args={"at": "sky"})
    events = streamed(
        START, ReasoningDelta("H"), ReasoningDelta("m"), TextDelta("Hel"), TextDelta("lo"),
        ToolCallStart("t1", "look"), ToolCallDelta("t1", '{"at":'), ToolCallDelta("t1", '"sky"}'), ToolCallEnd(call),
        FinishPart(response("tool-calls")),
    )  # fmt: skip
    assert [event["type"] for event in events].count("message_start") == 1
    told = message(events)
    assert (told["id"], told["model"], told["role"], told["stop_reason"]) == (
        "msg_r-1", "gpt-4o-mini", "assistant", "tool_use",
    )  # fmt: skip
    whole = response("tool-calls", text="Hello", reasoning=(ReasoningPart(text="Hm"),), tool_calls=(call,))
    wanted = json.loads(write_message(whole, 17))
    assert [each["type"] for each in told["content"]] == ["thinking", "text", "tool_use"]
    for mine, theirs in zip(wanted["content"], told["content"], strict=True):
        assert mine.items() <= theirs.items()
    assert (told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == (3, 11)
    assert (told["usage"]["cache_read_input_tokens"], told["usage"]["cache_creation_input_tokens"]) == (4, 2)
    assert events[-1] == {"type": "message_stop"}


def test_signed_and_locked_thoughts_are_blocks_of_their_own() -> None:
    events = streamed(
        START, ReasoningDelta("Hm"), ReasoningDelta(signature="s1"), ReasoningDelta(data="x1"), ReasoningDelta("So"),
        ReasoningDelta(signature="s2"), TextDelta("Yes"), FinishPart(response()),
    )  # fmt: skip
    wanted = [
        {"type": "thinking", "thinking": "Hm", "signature": "s1"}, {"type": "redacted_thinking", "data": "x1"},
        {"type": "thinking", "thinking": "So", "signature": "s2"}, {"type": "text", "text": "Yes"},
    ]  # fmt: skip
    found = message(events)["content"]
    assert [{name: block[name] for name in each} for each, block in zip(wanted, found, strict=True)] == wanted


def test_calls_that_come_side_by_side_are_each_whole() -> None:
    args: dict[str, dict[str, Any]] = {"a": {"x": 1}, "b": {"y": 2}, "c": {}}
    one, two, bare = (ToolCall(tool_call_id=each, tool_name="look", args=args[each]) for each in args)
    events = streamed(
        START, ToolCallStart("a", "look"), ToolCallDelta("a", '{"x":1}'), ToolCallStart("b", "look"),
        ToolCallDelta("b", '{"y":'), ToolCallStart("c", "look"), ToolCallDelta("b", "2}"),
        ToolCallEnd(one), ToolCallEnd(two), ToolCallEnd(bare), FinishPart(response("tool-calls")),
    )  # fmt: skip
    called = [(block["id"], block["input"]) for block in message(events)["content"]]
    assert called == list(args.items())
    opened = [event["index"] for event in events if event["type"] == "content_block_start"]
    closed = [event["index"] for event in events if event["type"] == "content_block_stop"]
    assert opened == sorted(closed) == [0, 1, 2]


@pytest.mark.parametrize(
    ("reason", "told"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content-filter", "refusal"), ("other", "end_turn")],
)
def test_every_end_has_a_name_in_the_protocol(reason: FinishReason, told: str) -> None:
    assert message(streamed(START, FinishPart(response(reason))))["stop_reason"] == told
    assert json.loads(write_message(response(reason), 17))["stop_reason"] == told


def test_the_text_that_ended_an_answer_is_named_where_the_vendor_named_it() -> None:
    told = json.loads(write_message(response(stop_sequence="END"), 17))
    assert (told["stop_reason"], told["stop_sequence"]) == ("stop_sequence", "END")


def test_whoever_was_told_to_call_a_tool_has_stopped_for_it_whatever_its_vendor_says() -> None:
    call = ToolCall(tool_call_id="t1", tool_name="look", args={})
    assert json.loads(write_message(response("stop", tool_calls=(call,)), 17))["stop_reason"] == "tool_use"


def test_a_vendor_s_events_go_out_as_they_came_and_its_end_when_the_answer_is_on_record() -> None:
    padded = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}     }'
    payloads = (
        vendor(type="message_start", message={"id": "msg_v"}), vendor(type="ping"),
        vendor(type="content_block_start", index=0, content_block={"type": "text", "text": ""}), padded,
    )  # fmt: skip
    stream = MessageStream(ASKED, "r-1", 17)
    stream.encode(START)
    told = stream.encode(NativeEvents(payloads, 1)) + stream.encode(TextDelta("Hi"))
    names = (b"message_start", b"ping", b"content_block_start", b"content_block_delta")
    wanted = zip(names, payloads, strict=True)
    assert told == b"".join(b"event: %s\ndata: %s\n\n" % (name, payload) for name, payload in wanted)
    assert stream.encode(NativeEvents((b'{"type":"message_stop"}',))) == b""
    assert stream.encode(FinishPart(response())) == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def test_no_event_of_a_vendor_s_can_become_two() -> None:
    spread = b'{"type":\n"ping"}'
    hostile = vendor(type="ping\ndata: {}\n\nevent: message_stop")
    told = MessageStream(ASKED, "r-1", 17).encode(NativeEvents((spread, hostile)))
    assert EventSplitter().feed(told) == [spread, hostile]
    assert [line for line in told.split(b"\n") if line.startswith(b"event")] == [b"event: ping", b"event: unknown"]


def test_a_stream_that_goes_on_elsewhere_stays_one_message() -> None:
    head = vendor(
        type="message_start",
        message={"id": "msg_v", "type": "message", "role": "assistant", "model": "claude", "content": [],
                 "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}},
    )  # fmt: skip
    block = vendor(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
    word = vendor(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "One"})
    events = streamed(
        START, NativeEvents((head, block, word), 1), TextDelta("One"), TextDelta(" two"), FinishPart(response())
    )
    assert [event["type"] for event in events].count("message_start") == 1
    told = message(events)
    assert (told["id"], [each["text"] for each in told["content"]]) == ("msg_v", ["One two"])
    assert told["usage"]["output_tokens"] == 11


def test_a_stream_that_breaks_off_says_so_and_does_not_end() -> None:
    event = MessageStream(ASKED, "r-1", 17).failure(NetworkError("connection reset", provider="p"))
    head, data = event.decode().rstrip("\n").split("\n")
    assert head == "event: error"
    assert json.loads(data.removeprefix("data: ")) == {
        "type": "error", "error": {"type": "api_error", "message": "connection reset"}, "request_id": "r-1",
    }  # fmt: skip

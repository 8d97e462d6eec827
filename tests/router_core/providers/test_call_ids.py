"""Every tool call of a conversation has an id of its own, whatever its provider calls it."""

from collections.abc import Callable, Iterator

import msgspec
import pytest

from router_core.providers.anthropic_answer import AnthropicStream
from router_core.providers.anthropic_answer import read_answer as read_message
from router_core.providers.failures import UnreadableAnswerError, UnusableCallError
from router_core.providers.openai_answer import OpenAIStream
from router_core.providers.openai_answer import read_answer as read_completion
from router_core.providers.responses_answer import read_response
from router_core.types import AnswerEnd, LLMRequest, ProviderPart, ToolCallEnd, ToolCallStart, TunedRequest, Usage

FRESH = LLMRequest(prompt="Hi")
LATER = msgspec.convert(
    {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "a", "toolName": "t", "args": {}}]},
            {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "a", "toolName": "t", "result": 1}]},
        ]
    },
    LLMRequest,
)


def completion(*ids: str | None) -> bytes:
    calls = [{"id": each, "type": "function", "function": {"name": "t", "arguments": "{}"}} for each in ids]
    message = {"content": None, "tool_calls": calls}
    return msgspec.json.encode({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})


def message(*ids: str) -> bytes:
    blocks = [{"type": "tool_use", "id": each, "name": "t", "input": {}} for each in ids]
    return msgspec.json.encode({"type": "message", "content": blocks, "stop_reason": "tool_use"})


def ids_of(answer: object) -> list[str]:
    return [call.tool_call_id for call in getattr(answer, "tool_calls", ())]


@pytest.mark.parametrize("ids", [("a", "b"), ("a", "a"), ("", ""), (None, "b", None)])
def test_ids_of_one_answer_differ_and_a_providers_own_is_kept_where_it_is_new(ids: tuple[str | None, ...]) -> None:
    found = ids_of(read_completion(completion(*ids), FRESH))
    assert len(set(found)) == len(ids)
    assert all(found)
    assert [own for own, given in zip(found, ids, strict=True) if given][:1] == [each for each in ids if each][:1]


def test_an_id_that_an_earlier_turn_has_is_changed() -> None:
    assert ids_of(read_completion(completion("a"), FRESH)) == ["a"]
    assert ids_of(read_completion(completion("a"), LATER)) != ["a"]
    assert ids_of(read_message(message("a", "b"), LATER))[1] == "b"
    assert ids_of(read_message(message("a"), LATER)) != ["a"]


def test_a_streamed_call_keeps_its_id_from_its_start_to_its_end() -> None:
    stream = OpenAIStream(LATER)
    chunk = {"index": 0, "delta": {"tool_calls": [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "t", "arguments": "{}"}},
        {"index": 1, "type": "function", "function": {"name": "t", "arguments": "{}"}},
    ]}, "finish_reason": "tool_calls"}  # fmt: skip
    parts = list(stream.feed(msgspec.json.encode({"choices": [chunk]})))
    started = [part.tool_call_id for part in parts if isinstance(part, ToolCallStart)]
    ended = [part.call.tool_call_id for part in parts if isinstance(part, ToolCallEnd)]
    assert started == ended
    assert len({*started, "a", ""}) == 4


def test_anthropics_stream_too() -> None:
    stream = AnthropicStream(LATER)
    block = {"type": "tool_use", "id": "a", "name": "t", "input": {}}
    begun = list(stream.feed(msgspec.json.encode({"type": "content_block_start", "index": 0, "content_block": block})))
    ended = list(stream.feed(msgspec.json.encode({"type": "content_block_stop", "index": 0})))
    assert isinstance(begun[0], ToolCallStart)
    assert isinstance(ended[0], ToolCallEnd)
    assert begun[0].tool_call_id == ended[0].call.tool_call_id != "a"


# --- answers that were cut off ---------------------------------------------------------------------------------------


def half_a_completion(finish: str) -> bytes:
    function = {"name": "t", "arguments": '{"city": "Os'}
    message = {"content": "Look", "tool_calls": [{"id": "a", "type": "function", "function": function}]}
    return msgspec.json.encode({"choices": [{"index": 0, "message": message, "finish_reason": finish}]})


def half_a_stream(finish: str) -> Iterator[ProviderPart]:
    stream = OpenAIStream(FRESH)
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "t", "arguments": '{"city": "Os'}}
    for choice in ({"index": 0, "delta": {"tool_calls": [call]}}, {"index": 0, "delta": {}, "finish_reason": finish}):
        yield from stream.feed(msgspec.json.encode({"choices": [choice]}))
    yield from stream.feed(b"[DONE]")
    yield stream.end()


def half_a_message(finish: str) -> Iterator[ProviderPart]:
    stream = AnthropicStream(FRESH)
    block = {"type": "tool_use", "id": "a", "name": "t", "input": {}}
    for event in (
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a'}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": finish}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ):
        yield from stream.feed(msgspec.json.encode(event))
    yield stream.end()


def test_a_call_that_was_cut_off_at_the_limit_is_none_and_the_answer_says_why() -> None:
    whole = read_completion(half_a_completion("length"), FRESH)
    assert (whole.text, whole.tool_calls, whole.finish_reason) == ("Look", (), "length")
    for parts in (list(half_a_stream("length")), list(half_a_message("max_tokens"))):
        assert not [part for part in parts if isinstance(part, ToolCallEnd)]
        assert isinstance(parts[-1], AnswerEnd)
        assert parts[-1].finish_reason == "length"


@pytest.mark.parametrize("finish", ["tool_calls", "stop"])
def test_arguments_that_are_no_json_are_a_providers_fault_otherwise(finish: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_completion(half_a_completion(finish), FRESH)
    with pytest.raises(UnreadableAnswerError):
        list(half_a_stream(finish))
    with pytest.raises(UnreadableAnswerError):
        list(half_a_message("tool_use"))


# --- arguments that nobody can use -----------------------------------------------------------------------------------

DEEP = '{"a":' + "[" * 5_000 + "]" * 5_000 + "}"


def completion_with(arguments: str) -> bytes:
    call = {"id": "a", "type": "function", "function": {"name": "t", "arguments": arguments}}
    choice = {"index": 0, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    return msgspec.json.encode({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 900}})


@pytest.mark.parametrize("arguments", ['{"a": 1e999}', '{"a": NaN}', "[]", DEEP], ids=["1e999", "NaN", "list", "deep"])
def test_an_answer_with_arguments_that_nobody_can_use_says_what_it_took(arguments: str) -> None:
    with pytest.raises(UnusableCallError) as caught:
        read_completion(completion_with(arguments), FRESH)
    assert caught.value.usage == Usage(input_tokens=7, output_tokens=900)


def test_who_gets_the_vendors_own_answer_gets_it_whatever_its_arguments_are() -> None:
    (call,) = read_completion(completion_with(DEEP), TunedRequest(prompt="x")).tool_calls
    assert call.args == {}


@pytest.mark.parametrize("read", [read_completion, read_message, read_response])
def test_an_answer_nested_deeper_than_we_read_is_paid_by_its_size(read: Callable[[bytes, LLMRequest], object]) -> None:
    with pytest.raises(UnusableCallError) as caught:
        read(deep_answer(b"[" * 10_000 + b"]" * 10_000), FRESH)
    assert caught.value.usage is not None
    assert caught.value.usage.output_tokens > 1_000


def deep_answer(value: bytes) -> bytes:
    block = b'{"type":"tool_use","id":"a","name":"t","input":{"a":' + value + b"}}"
    return b'{"type":"message","content":[' + block + b'],"choices":' + value + b',"output":' + value + b"}"

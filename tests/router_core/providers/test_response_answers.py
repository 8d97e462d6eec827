"""What is read of OpenAI's Responses and embeddings beside the bytes that are handed on."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from router_core.errors import provider_errors as errors
from router_core.providers import AdapterRegistry
from router_core.providers.embeddings_answer import read_embeddings
from router_core.providers.failures import StreamFaultError, UnreadableAnswerError
from router_core.providers.relay import responses_body
from router_core.providers.responses_answer import ResponseStream, read_response
from router_core.types import (
    AnswerEnd,
    CallTimeouts,
    Capabilities,
    NativeEvents,
    NativeRequest,
    ProviderCall,
    ReasoningDelta,
    ReasoningPart,
    RelayedRequest,
    Secret,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from tests.support.core_fakes import provider
from tests.support.simulator_process import SimulatorProcess

ASKED = RelayedRequest(
    prompt="Hi there",
    native=NativeRequest(protocol="openai-responses", fields={"input": Raw(b'"Hi there"')}, unseen_tokens=4),
)
USAGE = {
    "input_tokens": 30, "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
    "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 39,
}  # fmt: skip
USED = Usage(input_tokens=15, cache_read_tokens=10, cache_write_tokens=5, output_tokens=5, reasoning_tokens=4)
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
SAID = {"type": "message", "id": "m_1", "content": [{"type": "output_text", "text": "Yes", "annotations": []}]}
REFUSED = {"type": "message", "id": "m_1", "content": [{"type": "refusal", "refusal": "No."}]}
CALLED = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": '{"at":"sky"}'}


def body(*output: Any, **fields: Any) -> bytes:
    whole = {"status": "completed", "model": "gpt-5-dated", "output": output, "usage": USAGE, **fields}
    return json.dumps(whole).encode()


def relayed_call(request: RelayedRequest, **row: Any) -> ProviderCall:
    return ProviderCall(
        request=request, provider=provider("p", **row), key=Secret("sk-test"), max_tokens=2_000,
        timeouts=CallTimeouts(),
        event_id="e",
    )  # fmt: skip


def test_text_thoughts_calls_and_usage_are_read() -> None:
    answer = read_response(body(THOUGHT, SAID, CALLED), ASKED)
    assert (answer.text, answer.reasoning, answer.model) == ("Yes", (ReasoningPart(text="Hm."),), "gpt-5-dated")
    assert answer.tool_calls == (ToolCall(tool_call_id="c1", tool_name="look", args={"at": "sky"}),)
    assert (answer.finish_reason, answer.usage) == ("tool-calls", USED)


@pytest.mark.parametrize(
    ("answered", "finish"),
    [
        (body(SAID), "stop"),
        (body(REFUSED), "content-filter"),
        (body(SAID, status="incomplete", incomplete_details={"reason": "max_output_tokens"}), "length"),
        (body(SAID, status="incomplete", incomplete_details={"reason": "content_filter"}), "content-filter"),
        (body(CALLED | {"status": "incomplete"}, status="incomplete", incomplete_details=None), "other"),
        (body({"type": "custom_tool_call", "call_id": "c", "name": "run", "input": "x"}), "tool-calls"),
    ],
)
def test_how_a_response_ended_is_told_in_our_words(answered: bytes, finish: str) -> None:
    answer = read_response(answered, ASKED)
    assert (answer.finish_reason, answer.tool_calls) == (finish, ())


@pytest.mark.parametrize("usage", [None, {"input_tokens": "many"}, {"input_tokens": 1, "output_tokens": -5}])
def test_usage_that_is_of_no_use_is_estimated(usage: Any) -> None:
    assert read_response(body(SAID, usage=usage), ASKED).usage.estimated
    stream = ResponseStream(ASKED)
    stream.feed(event("response.output_text.delta", delta="x" * 40))
    stream.feed(event("response.completed", response=json.loads(body(SAID, usage=usage))))
    end = stream.end()
    assert (end.usage.output_tokens, end.usage.estimated) == (10, True)


def test_a_failed_response_and_junk_are_no_answers() -> None:
    with pytest.raises(StreamFaultError):
        read_response(body(status="failed", error={"code": "server_error", "message": "x"}), ASKED)
    for junk in (b"[]", b'{"id":"x"}', b"\xff"):
        with pytest.raises(UnreadableAnswerError):
            read_response(junk, ASKED)
        with pytest.raises(UnreadableAnswerError):
            read_embeddings(junk, ASKED)
        with pytest.raises(UnreadableAnswerError):
            ResponseStream(ASKED).feed(junk)


def event(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, **fields}).encode()


def test_a_stream_s_events_become_parts() -> None:
    item = {"item_id": "x", "output_index": 2}
    stream = ResponseStream(ASKED)
    told = [
        event("response.created", response={"output": []}),
        event("response.reasoning_summary_text.delta", output_index=0, delta="Hm."),
        event("response.output_text.delta", output_index=1, delta="Yes"),
        event("response.output_item.added", output_index=2, item=CALLED | {"arguments": "", "status": "in_progress"}),
        event("response.function_call_arguments.delta", **item, delta='{"at":'),
        event("response.function_call_arguments.delta", **item, delta='"sky"}'),
        event("response.function_call_arguments.done", **item, arguments=CALLED["arguments"]),
        event("response.output_item.done", output_index=2, item=CALLED | {"status": "completed"}),
        event("response.some_day", whatever=1),
        event("response.completed", response=json.loads(body(THOUGHT, SAID, CALLED))),
    ]
    parts = [part for each in told for part in stream.feed(each)]
    assert parts == [
        ReasoningDelta("Hm."), TextDelta("Yes"), ToolCallStart("c1", "look"), ToolCallDelta("c1", '{"at":'),
        ToolCallDelta("c1", '"sky"}'),
        ToolCallEnd(ToolCall(tool_call_id="c1", tool_name="look", args={"at": "sky"})),
    ]  # fmt: skip
    assert stream.ended
    assert stream.end() == AnswerEnd(finish_reason="tool-calls", usage=USED, model="gpt-5-dated")


def test_a_call_that_was_cut_off_is_none() -> None:
    stream = ResponseStream(ASKED)
    cut = CALLED | {"arguments": '{"at', "status": "incomplete"}
    assert [type(part) for part in stream.feed(event("response.output_item.done", output_index=0, item=cut))] == [
        ToolCallStart,
        ToolCallDelta,
    ]


@pytest.mark.parametrize(
    "told",
    [
        event("error", error={"code": "rate_limit_exceeded", "message": "Slow down"}),
        event("error", code="rate_limit_exceeded", message="Slow down", param=None),
        event("response.failed", response={"output": [], "error": {"code": "rate_limit_exceeded", "message": "s"}}),
    ],
)
def test_each_way_to_fail_within_a_stream_is_a_fault(told: bytes) -> None:
    with pytest.raises(StreamFaultError) as caught:
        ResponseStream(ASKED).feed(told)
    assert caught.value.fault.status == 429


def test_nothing_is_kept_at_the_vendor_whatever_the_client_says() -> None:
    sent = msgspec.json.decode(responses_body(relayed_call(ASKED), ASKED.native, stream=True))
    assert sent == {
        "input": "Hi there", "model": "gpt-4o-mini", "max_output_tokens": 2_000, "store": False, "stream": True,
    }  # fmt: skip


def test_a_model_that_takes_no_temperature_is_sent_none() -> None:
    fields = {"temperature": Raw(b"1"), "input": Raw(b'"x"')}
    call = relayed_call(ASKED, capabilities=Capabilities(max_temperature=None))
    native = NativeRequest(protocol="openai-responses", fields=fields)
    assert "temperature" not in msgspec.json.decode(responses_body(call, native, stream=False))


@pytest.mark.parametrize(
    ("usage", "used"),
    [({"prompt_tokens": 7, "total_tokens": 7}, Usage(input_tokens=7)), (None, Usage(input_tokens=6, estimated=True))],
)
def test_embeddings_are_read_for_what_they_used(usage: Any, used: Usage) -> None:
    whole = {"object": "list", "data": [{"embedding": [0.5]}], "model": "text-embedding-3-small", "usage": usage}
    answer = read_embeddings(json.dumps(whole).encode(), ASKED)
    assert (answer.text, answer.usage, answer.model) == ("", used, "text-embedding-3-small")


async def test_each_protocol_has_its_path_and_the_vendor_s_bytes_are_handed_on(
    simulator: SimulatorProcess, registry: AdapterRegistry
) -> None:
    adapter = await registry.adapter("openai")
    call = relayed_call(ASKED, base_url=simulator.openai_url)
    whole = await adapter.complete(call)
    assert json.loads(whole.native)["object"] == "response"
    parts = [part async for part in adapter.stream(call)]
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == whole.text
    told = [payload for part in parts if isinstance(part, NativeEvents) for payload in part.payloads]
    assert json.loads(told[-1])["type"] == "response.completed"
    embed = NativeRequest(protocol="openai-embeddings", fields={"input": Raw(b'"Hi there"')})
    vectors = await adapter.complete(
        relayed_call(RelayedRequest(prompt="Hi there", native=embed), model="text-embedding-3-small",
                     base_url=simulator.openai_url)
    )  # fmt: skip
    assert (json.loads(vectors.native)["object"], vectors.usage) == ("list", Usage(input_tokens=2))
    assert [each["path"] for each in simulator.calls()] == ["/v1/responses", "/v1/responses", "/v1/embeddings"]


async def test_a_stream_that_fails_after_its_beginning_is_a_provider_s_error(
    simulator: SimulatorProcess, registry: AdapterRegistry
) -> None:
    simulator.control("POST", "faults", {"error_after": 5})
    adapter = await registry.adapter("openai")
    stream = adapter.stream(relayed_call(ASKED, base_url=simulator.openai_url))
    with pytest.raises(errors.LLMProviderError):
        [part async for part in stream]

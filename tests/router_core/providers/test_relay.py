"""Requests in a vendor's own protocol: passed on as they are, and answered with the vendor's own bytes."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw, structs

from router_core.attempts.continuation import can_continue, continued
from router_core.providers import anthropic_wire, openai_wire
from router_core.providers.anthropic_answer import AnthropicStream
from router_core.providers.openai_answer import OpenAIStream, read_answer
from router_core.providers.relay import RelayReader, anthropic_body, native_of, openai_body
from router_core.selection import select
from router_core.types import (
    CallTimeouts,
    LLMRequest,
    NativeEvents,
    NativeProtocol,
    NativeRequest,
    ProviderCall,
    RelayedRequest,
    Secret,
    Snapshot,
    TextDelta,
    ToolCall,
    ToolFormat,
    TunedRequest,
)
from tests.support.core_fakes import provider

FIELDS = {"messages": Raw(b'[{"role":"user","content":"Hello"}]'), "logit_bias": Raw(b'{"50256": -100}')}


def relayed(protocol: NativeProtocol = "openai-chat", **native: Any) -> RelayedRequest:
    return RelayedRequest(prompt="Hello", native=NativeRequest(protocol=protocol, fields=FIELDS, **native))


def call(request: LLMRequest) -> ProviderCall:
    row = provider("p")
    return ProviderCall(
        request=request, provider=row, key=Secret("sk-test"), max_tokens=90, timeouts=CallTimeouts(), event_id="e"
    )


def test_what_the_client_wrote_is_sent_with_our_model_and_limit() -> None:
    order = call(relayed())
    sent = msgspec.json.decode(openai_body(order, relayed().native, "max_completion_tokens", stream=False))
    assert sent == {
        "messages": [{"role": "user", "content": "Hello"}], "logit_bias": {"50256": -100},
        "model": order.provider.model, "max_completion_tokens": 90,
    }  # fmt: skip
    newer = structs.replace(relayed().native, fields={**FIELDS, "max_completion_tokens": Raw(b"90")})
    assert openai_body(order, newer, "max_tokens", stream=False).count(b"max_") == 1
    sent = msgspec.json.decode(anthropic_body(order, relayed().native, stream=True))
    assert (sent["max_tokens"], sent["stream"], sent["logit_bias"]) == (90, True, {"50256": -100})


def test_a_stream_always_asks_for_usage_beside_what_the_client_wants_of_it() -> None:
    native = relayed().native
    native = structs.replace(native, fields={**FIELDS, "stream_options": Raw(b'{"include_obfuscation":false}')})
    sent = msgspec.json.decode(openai_body(call(relayed()), native, "max_tokens", stream=True))
    assert sent["stream_options"] == {"include_obfuscation": False, "include_usage": True}


def test_only_a_provider_of_the_same_protocol_is_sent_the_client_s_own_words() -> None:
    order = call(relayed())
    assert native_of(order, frozenset({"openai-chat"})) is order.request.native  # type: ignore[attr-defined]
    assert native_of(order, frozenset({"anthropic-messages"})) is None
    assert native_of(call(LLMRequest(prompt="Hello")), frozenset({"openai-chat"})) is None


def test_the_vendor_s_events_come_ahead_of_their_parts_and_none_before_the_first_part() -> None:
    head = b'{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}'
    word = b'{"choices":[{"index":0,"delta":{"content":"Hi"}}]}'
    last = b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
    reader = RelayReader(OpenAIStream(relayed()))
    assert list(reader.feed(head)) == []
    assert list(reader.feed(word)) == [NativeEvents((head, word), 1), TextDelta("Hi")]
    assert list(reader.feed(last)) == [NativeEvents((last,))]
    assert list(reader.feed(b"[DONE]")) == [NativeEvents((b"[DONE]",))]
    assert reader.ended
    assert reader.end().native == ()


def test_events_of_an_answer_without_any_part_come_with_its_end() -> None:
    stop = b'{"type":"message_stop"}'
    reader = RelayReader(AnthropicStream(relayed()))
    assert list(reader.feed(stop)) == []
    assert reader.end().native == (stop,)


@pytest.mark.parametrize(("needs", "kept"), [((), 2), (("logprobs",), 1)])
def test_a_provider_that_cannot_say_what_the_request_needs_is_dropped_with_that_reason(
    needs: tuple[str, ...], kept: int
) -> None:
    rows = (provider("one", use_cases=("general",)), provider("two", use_cases=("general",), kind="anthropic"))
    plan = select(relayed(needs=needs), Snapshot(rows), None, lambda _: None)
    assert len(plan.candidates) == kept
    assert [(each.code, each.reason) for each in plan.dropped] == [("protocol", "knows no logprobs")] * (2 - kept)


def test_what_the_request_says_only_natively_counts_as_read() -> None:
    rows = (provider("one", use_cases=("general",)),)
    plain = select(relayed(), Snapshot(rows), None, lambda _: None)
    loaded = select(relayed(unseen_tokens=500), Snapshot(rows), None, lambda _: None)
    assert loaded.estimated_input_tokens == plain.estimated_input_tokens + 500


def test_a_broken_stream_is_continued_in_our_terms_unless_only_its_protocol_can_say_the_request() -> None:
    assert can_continue(relayed(), used_tools=False)
    assert not can_continue(relayed(needs=("logprobs",)), used_tools=False)
    rest = continued(relayed(), "So far")
    assert not isinstance(rest, RelayedRequest)
    assert [message.content for message in rest.messages or ()][:2] == ["Hello", "So far"]


def tuned(**fields: Any) -> TunedRequest:
    tools = {"look": ToolFormat(description="Look")}
    return TunedRequest(prompt="Hello", temperature=None, tools=tools, stop=("END",), top_p=0.5, **fields)


def test_what_several_vendors_know_is_said_to_each_in_its_own_words() -> None:
    said = openai_wire.request_fields(call(tuned(parallel_tools=False)), stream=False)
    assert (said["stop"], said["top_p"], said["parallel_tool_calls"]) == (["END"], 0.5, False)
    said = anthropic_wire.request_fields(call(tuned(parallel_tools=False)), dict, stream=False)
    assert (said["stop_sequences"], said["top_p"]) == (["END"], 0.5)
    assert said["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    rest = continued(RelayedRequest(**{**structs.asdict(tuned()), "native": relayed().native}), "So far")
    assert (rest.stop, rest.top_p) == (("END",), 0.5)  # type: ignore[attr-defined]


def test_events_that_amount_to_nothing_are_not_held_for_ever() -> None:
    other = b'{"choices":[{"index":1,"delta":{"content":"%s"}}]}' % (b"x" * 40_000)
    reader = RelayReader(OpenAIStream(relayed()))
    assert list(reader.feed(other)) == []
    assert list(reader.feed(other)) == [NativeEvents((other, other))]


def test_a_tool_call_that_is_cut_off_or_of_another_kind_spoils_no_relayed_answer() -> None:
    cut = b'{"index":0,"id":"a","type":"function","function":{"name":"look","arguments":"{\\"at"}}'
    foreign = b'{"index":1,"id":"b","type":"custom","custom":{"name":"run","input":"ls"}}'
    whole = b'{"choices":[{"message":{"tool_calls":[%s,%s]},"finish_reason":"length"}]}' % (cut, foreign)
    assert read_answer(whole, relayed()).tool_calls == (ToolCall(tool_call_id="a", tool_name="look", args={}),)
    reader = RelayReader(OpenAIStream(relayed()))
    for each in (cut, foreign, b'{"index":1,"custom":{"input":"ls"}}'):
        list(reader.feed(b'{"choices":[{"delta":{"tool_calls":[%s]}}]}' % each))
    assert len(list(reader.feed(b"[DONE]"))) == 2

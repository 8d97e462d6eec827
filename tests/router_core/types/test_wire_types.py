"""The names and shapes that callers rely on."""

import math
from typing import Any

import msgspec
import pytest

from router_core.types import (
    Attempt,
    Considered,
    Cost,
    Decision,
    LLMRequest,
    LLMResponse,
    ToolCall,
    Usage,
    WireUsage,
)

RESPONSE = LLMResponse(
    request_id="r-1",
    text="Hello",
    provider="openai-gpt4o-mini",
    model="gpt-4o-mini",
    tool_calls=(ToolCall(tool_call_id="c-1", tool_name="getWeather", args={"location_name": "SF"}),),
    finish_reason="stop",
    steps=1,
    cached=False,
    usage=WireUsage.of(Usage(input_tokens=700, cache_read_tokens=300, output_tokens=400, reasoning_tokens=100)),
    cost=Cost.of(450_000, estimated=False),
    latency_ms=12.5,
)


def encoded(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def parsed(text: str) -> LLMRequest:
    return msgspec.json.decode(text, type=LLMRequest)


def test_a_response_has_exactly_the_promised_names() -> None:
    body = encoded(RESPONSE)
    assert list(body) == [
        "success", "requestId", "text", "provider", "model", "toolCalls", "finishReason", "steps", "cached",
        "usage", "cost", "latencyMs",
    ]  # fmt: skip
    assert body["success"] is True
    assert body["toolCalls"] == [{"toolCallId": "c-1", "toolName": "getWeather", "args": {"location_name": "SF"}}]
    assert body["usage"] == {
        "promptTokens": 1000,
        "completionTokens": 500,
        "totalTokens": 1500,
        "cachedTokens": 300,
        "reasoningTokens": 100,
    }
    assert body["cost"] == {"usd": "0.000450", "estimated": False}


def test_an_explained_response_carries_the_decision_in_camel_case() -> None:
    attempt = Attempt(number=1, provider="p", model="m", outcome="success", latency_ms=1.0, first_token_ms=0.5)
    decision = Decision(
        use_case="draft",
        revision=3,
        estimated_input_tokens=9,
        considered=(Considered(provider="p", model="m", kept=True, reason="serves draft"),),
        attempts=(attempt,),
    )
    body = encoded(msgspec.structs.replace(RESPONSE, decision=decision))["decision"]
    assert set(body) == {"useCase", "revision", "estimatedInputTokens", "considered", "attempts"}
    assert body["considered"] == [{"provider": "p", "model": "m", "kept": True, "reason": "serves draft"}]
    assert set(body["attempts"][0]) == {
        "number", "provider", "model", "outcome", "latencyMs", "startedMs", "firstTokenMs", "status", "error", "step",
        "reason", "waitedFor", "usage", "costNano", "price",
    }  # fmt: skip


def test_a_model_without_a_price_costs_null_on_the_wire() -> None:
    assert encoded(Cost.of(None, estimated=True)) == {"usd": None, "estimated": True}


def test_a_request_is_read_from_camel_case_with_the_promised_defaults() -> None:
    request = parsed('{"prompt": "hi", "maxTokens": 5, "modelOverride": "gpt-4o", "systemPrompt": "s"}')
    assert (request.max_tokens, request.model_override, request.system_prompt) == (5, "gpt-4o", "s")
    assert (request.use_case, request.temperature, request.max_steps) == ("general", 0.7, 1)
    assert (request.stream, request.explain, request.stream_protocol) == (False, False, "ui")


@pytest.mark.parametrize(
    "body",
    [
        '{}',
        '{"prompt": "hi", "messages": []}',
        '{"prompt": "hi", "surprise": 1}',
        '{"prompt": "hi", "max_tokens": 5}',
        '{"prompt": "hi", "maxTokens": 0}',
        '{"prompt": "hi", "maxTokens": "5"}',
        '{"prompt": "hi", "maxTokens": true}',
        '{"prompt": "hi", "maxTokens": 1e3}',
        '{"prompt": "hi", "maxTokens": 1180591620717411303424}',
        '{"prompt": "hi", "temperature": 2.1}',
        '{"prompt": "hi", "temperature": NaN}',
        '{"prompt": "hi", "stream": 1}',
        '{"prompt": "hi", "useCase": ""}',
        '{"prompt": "hi", "toolChoice": "sometimes"}',
        '{"prompt": "hi", "streamProtocol": "sse"}',
        '{"prompt": "hi", "metadata": {"nested": {}}}',
        '{"messages": [{"role": "robot", "content": "x"}]}',
        '{"messages": [{"role": "user", "content": [{"type": "video", "video": "x"}]}]}',
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(body: str) -> None:
    with pytest.raises((msgspec.ValidationError, msgspec.DecodeError)):
        parsed(body)


def test_seventeen_metadata_entries_are_one_too_many() -> None:
    sixteen = {f"key{number}": number for number in range(16)}
    assert len(parsed(msgspec.json.encode({"prompt": "hi", "metadata": sixteen}).decode()).metadata) == 16
    with pytest.raises(msgspec.ValidationError, match="metadata"):
        parsed(msgspec.json.encode({"prompt": "hi", "metadata": sixteen | {"more": 1}}).decode())


def test_a_tool_choice_may_name_a_function() -> None:
    request = parsed('{"prompt": "hi", "toolChoice": {"type": "function", "function": {"name": "f"}}}')
    assert msgspec.to_builtins(request)["toolChoice"] == {"type": "function", "function": {"name": "f"}}


def test_usage_classes_are_disjoint_and_add_up() -> None:
    usage = Usage(
        input_tokens=1,
        cache_read_tokens=2,
        cache_write_tokens=4,
        cache_write_1h_tokens=8,
        output_tokens=16,
        reasoning_tokens=32,
    )
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (15, 48, 63)


def test_requests_and_responses_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        RESPONSE.text = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        parsed('{"prompt": "hi"}').prompt = "other"  # type: ignore[misc]


def test_a_temperature_is_never_infinite() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"prompt": "hi", "temperature": math.inf}, LLMRequest)

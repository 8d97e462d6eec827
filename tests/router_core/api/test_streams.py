"""Both stream protocols, byte for byte, and what happens when a stream breaks or its reader leaves."""

import http.client
import json

import httpx2
import pytest

from router_core.errors import LLMProviderError, OverloadedError
from router_core.types import (
    FinishPart,
    ImagePart,
    ReasoningDelta,
    StartPart,
    StreamPart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallPart,
    ToolCallStart,
    ToolResultPart,
)
from tests.support.api_server import ApiRig, response

START = StartPart("r", "openai-gpt4o-mini", "gpt-4o-mini")
CALL = ToolCall(tool_call_id="c1", tool_name="weather", args={"city": "Oslo"})
TOOL_PARTS: tuple[StreamPart, ...] = (
    START,
    ReasoningDelta("hm"),
    TextDelta('a "b"\n'),
    TextDelta("c"),
    ToolCallStart("c1", "weather"),
    ToolCallDelta("c1", '{"city"'),
    ToolCallEnd(CALL),
    FinishPart(response("r", tool_calls=(CALL,), finish_reason="tool-calls")),
)
METADATA = (
    '{"requestId":"r","provider":"openai-gpt4o-mini","model":"gpt-4o-mini","usage":{"inputTokens":3,"outputTokens":2,'
    '"totalTokens":5,"promptTokens":3,"completionTokens":2,"cachedTokens":0,"reasoningTokens":0},'
    '"cost":{"usd":"0.000450","estimated":false},"latencyMs":12.5,"steps":1,"cached":false}'
)
UI_TEXT = (
    'data: {"type":"start","messageMetadata":'
    '{"requestId":"r","provider":"openai-gpt4o-mini","model":"gpt-4o-mini"}}\n\n'
    'data: {"type":"start-step"}\n\n'
)


def _stream(rig: ApiRig, client: httpx2.Client, **fields: object) -> httpx2.Response:
    headers = rig.bearer() | {"x-request-id": "r"}
    return client.post("/api/llm", json={"prompt": "x", "stream": True, **fields}, headers=headers)


def test_the_ui_stream_of_reasoning_text_and_a_tool_call(rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.parts = TOOL_PARTS
    answer = _stream(rig, http)
    assert answer.text == (
        UI_TEXT + 'data: {"type":"reasoning-start","id":"1"}\n\n'
        'data: {"type":"reasoning-delta","id":"1","delta":"hm"}\n\n'
        'data: {"type":"reasoning-end","id":"1"}\n\n'
        'data: {"type":"text-start","id":"2"}\n\n'
        'data: {"type":"text-delta","id":"2","delta":"a \\"b\\"\\n"}\n\n'
        'data: {"type":"text-delta","id":"2","delta":"c"}\n\n'
        'data: {"type":"text-end","id":"2"}\n\n'
        'data: {"type":"tool-input-start","toolCallId":"c1","toolName":"weather"}\n\n'
        'data: {"type":"tool-input-delta","toolCallId":"c1","inputTextDelta":"{\\"city\\""}\n\n'
        'data: {"type":"tool-input-available","toolCallId":"c1","toolName":"weather","input":{"city":"Oslo"}}\n\n'
        'data: {"type":"finish-step"}\n\n'
        'data: {"type":"finish","finishReason":"tool-calls","messageMetadata":' + METADATA + "}\n\n"
        "data: [DONE]\n\n"
    )
    expected = {
        "content-type": "text/event-stream",
        "x-vercel-ai-ui-message-stream": "v1",
        "cache-control": "no-store",
        "connection": "keep-alive",
        "x-accel-buffering": "no",
        "x-request-id": "r",
    }
    assert expected.items() <= dict(answer.headers).items()


def test_the_data_stream_of_reasoning_text_and_a_tool_call(rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.parts = TOOL_PARTS
    answer = _stream(rig, http, streamProtocol="data")
    assert answer.text == (
        'f:{"messageId":"r"}\ng:"hm"\n0:"a \\"b\\"\\n"\n0:"c"\n'
        'b:{"toolCallId":"c1","toolName":"weather"}\nc:{"toolCallId":"c1","argsTextDelta":"{\\"city\\""}\n'
        '9:{"toolCallId":"c1","toolName":"weather","args":{"city":"Oslo"}}\n'
        "8:[" + METADATA + "]\n"
        'e:{"finishReason":"tool-calls","usage":{"promptTokens":3,"completionTokens":2},"isContinued":false}\n'
        'd:{"finishReason":"tool-calls","usage":{"promptTokens":3,"completionTokens":2}}\n'
    )
    assert answer.headers["x-vercel-ai-data-stream"] == "v1"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_failure_after_the_first_part_ends_the_ui_stream_as_the_protocol_says(
    rig: ApiRig, http: httpx2.Client
) -> None:
    rig.router.parts = (START, TextDelta("a"))
    rig.router.error = LLMProviderError("broke sk-abcdefgh1234", provider="p")
    answer = _stream(rig, http)
    assert answer.status_code == 200
    assert answer.text == (
        UI_TEXT + 'data: {"type":"text-start","id":"1"}\n\ndata: {"type":"text-delta","id":"1","delta":"a"}\n\n'
        'data: {"type":"error","errorText":"broke sk-***"}\n\n'
        'data: {"type":"finish-step"}\n\n'
        'data: {"type":"finish","finishReason":"error","messageMetadata":{"requestId":"r","error":'
        '{"code":"PROVIDER_ERROR","message":"broke sk-***","retryable":true,"requestId":"r","provider":"p"}}}\n\n'
        "data: [DONE]\n\n"
    )


def test_a_failure_after_the_first_part_ends_the_data_stream(rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.parts, rig.router.error = (START,), ZeroDivisionError("inside sk-abcdefgh1234")
    assert _stream(rig, http, streamProtocol="data").text == (
        'f:{"messageId":"r"}\n3:"Internal error"\n'
        'e:{"finishReason":"error","usage":{"promptTokens":null,"completionTokens":null},"isContinued":false}\n'
        'd:{"finishReason":"error","usage":{"promptTokens":null,"completionTokens":null}}\n'
    )


@pytest.mark.parametrize("protocol", ["ui", "data"])
def test_a_failure_before_the_first_part_is_an_ordinary_error(protocol: str, rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.parts, rig.router.error = _none(), OverloadedError("full", retry_after_ms=1500)
    answer = _stream(rig, http, streamProtocol=protocol)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "OVERLOADED")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_cancels_the_router(stream: bool, rig: ApiRig) -> None:
    rig.router.hang = True
    rig.router.parts = (START, TextDelta("a"))
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=5)
    connection.request("POST", "/api/llm", json.dumps({"prompt": "x", "stream": stream}), rig.bearer())
    assert rig.router.called.wait(5)
    connection.close()
    assert rig.router.cancelled.wait(1), "still running a second after the client left"


def test_what_use_chat_posts_is_streamed(rig: ApiRig, http: httpx2.Client) -> None:
    posted = {
        "id": "chat-1",
        "trigger": "submit-message",
        "messageId": "m3",
        "messages": [
            {"id": "m0", "role": "system", "parts": [{"type": "text", "text": "be kind"}]},
            {
                "id": "m1",
                "role": "user",
                "metadata": {"a": 1},
                "parts": [
                    {"type": "text", "text": "what is it"},
                    {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AAAA"},
                    {"type": "data-note", "data": {"b": 2}},
                ],
            },
            {
                "id": "m2",
                "role": "assistant",
                "parts": [
                    {"type": "step-start"},
                    {"type": "reasoning", "text": "hm"},
                    {"type": "text", "text": "let me look", "state": "done"},
                    {"type": "tool-look", "toolCallId": "c1", "state": "output-available", "input": {"q": 1},
                     "output": {"found": True}},
                    {"type": "step-start"},
                    {"type": "text", "text": "a cat"},
                    {"type": "tool-look", "toolCallId": "c2", "state": "input-available", "input": {}},
                ],
            },
            {"id": "m3", "role": "user", "parts": [{"type": "text", "text": "sure?"}]},
        ],
    }  # fmt: skip
    answer = http.post("/api/llm", json=posted, headers=rig.bearer())
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.text.endswith("data: [DONE]\n\n")
    request = rig.router.requests[0][0]
    assert [message.role for message in request.messages or ()] == [
        "system", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip
    contents = [message.content for message in request.messages or ()]
    assert contents[1] == (TextPart(text="what is it"), ImagePart(image="data:image/png;base64,AAAA"))
    asked = ToolCallPart(tool_call_id="c1", tool_name="look", args={"q": 1})
    assert contents[2] == (TextPart(text="let me look"), asked)
    assert contents[3] == (ToolResultPart(tool_call_id="c1", tool_name="look", result={"found": True}),)
    assert contents[4:] == [(TextPart(text="a cat"),), "sure?"]


def _none() -> tuple[StreamPart, ...]:
    """A script that is true, so that the standard one is not taken, and empty."""

    class Nothing(tuple[StreamPart, ...]):
        __slots__ = ()

        def __bool__(self) -> bool:
            return True

    return Nothing()

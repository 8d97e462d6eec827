"""What is asked of OpenAI, feature by feature, in the shapes that real traffic shows."""

from typing import Any

import msgspec
import pytest

from router_core.errors.provider_errors import RequestRefusedError
from router_core.providers.openai_wire import request_body
from router_core.types import Capabilities, LLMRequest
from tests.router_core.providers.provider_calls import call_to

PNG = "data:image/png;base64,iVBORw0KGgo="
WEATHER = {"get_weather": {"description": "Weather of a city", "parameters": {"type": "object", "properties": {}}}}
CLOSED = {
    "type": "object",
    "properties": {"joke": {"type": "string"}},
    "required": ["joke"],
    "additionalProperties": False,
}


def body(
    *, stream: bool = False, model: str = "gpt-4o-mini", capabilities: Any = None, **request: Any
) -> dict[str, Any]:
    asked = msgspec.convert({"prompt": "Hi"} | request if "messages" not in request else request, LLMRequest)
    call = msgspec.structs.replace(call_to("openai", model=model, capabilities=capabilities), request=asked)
    return msgspec.json.decode(request_body(call, stream=stream), type=dict[str, Any])


def test_prompt_is_one_user_message_with_limit_and_temperature():
    assert body() == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 256,
        "temperature": 0.7,
    }


def test_system_prompt_comes_first():
    assert body(systemPrompt="Be brief")["messages"] == [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Hi"},
    ]


def test_stream_asks_for_usage():
    asked = body(stream=True)
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    "model", ["o1", "o1-mini", "o3-mini-2025-01-31", "gpt-5", "gpt-5-nano", "gpt-5.2", "ft:gpt-5-mini:me"]
)
def test_newer_models_take_their_limit_by_its_new_name(model: str):
    asked = body(model=model)
    assert (asked.get("max_completion_tokens"), asked.get("max_tokens")) == (256, None)


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1", "gpt-3.5-turbo", "ollama/llama3"])
def test_other_models_take_max_tokens(model: str):
    asked = body(model=model)
    assert (asked.get("max_completion_tokens"), asked.get("max_tokens")) == (None, 256)


def test_temperature_is_left_out_when_not_wanted_or_not_taken():
    assert "temperature" not in body(temperature=None)
    assert "temperature" not in body(temperature=0.5, capabilities=Capabilities(max_temperature=None))
    assert body(temperature=0)["temperature"] == 0


def test_conversation_with_tool_call_and_result():
    messages = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "One moment"},
                {"type": "tool-call", "toolCallId": "call_1", "toolName": "get_weather", "args": {"city": "Rome"}},
                {"type": "tool-call", "toolCallId": "call_2", "toolName": "get_weather", "args": {}},
            ],
        },
        {
            "role": "tool",
            "content": [
                {"type": "tool-result", "toolCallId": "call_1", "toolName": "get_weather", "result": {"c": 21}},
                {"type": "tool-result", "toolCallId": "call_2", "toolName": "get_weather", "result": "fine"},
            ],
        },
    ]
    assert body(messages=messages)["messages"] == [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "One moment",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'},
                },
                {"id": "call_2", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": '{"c":21}'},
        {"role": "tool", "tool_call_id": "call_2", "content": "fine"},
    ]


def test_assistant_turn_of_calls_alone_has_no_content():
    call = {"type": "tool-call", "toolCallId": "c", "toolName": "t", "args": {}}
    assert body(messages=[{"role": "assistant", "content": [call]}])["messages"][0]["content"] is None


def test_images_join_the_last_user_turn():
    messages = [
        {"role": "user", "content": "Old"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "See"}, {"type": "image", "image": "https://x.test/a.png"}],
        },
        {"role": "assistant", "content": "ok"},
    ]
    sent = body(messages=messages, images=[PNG])["messages"]
    assert sent[0] == {"role": "user", "content": "Old"}
    assert sent[1]["content"] == [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        {"type": "image_url", "image_url": {"url": PNG}},
    ]


def test_images_beside_a_prompt_make_it_a_list_of_parts():
    assert body(images=[PNG])["messages"] == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": PNG}}],
        }
    ]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        (
            {"type": "function", "function": {"name": "get_weather"}},
            {"type": "function", "function": {"name": "get_weather"}},
        ),
    ],
)
def test_tools_and_their_choice(choice: Any, sent: Any):
    asked = body(tools=WEATHER, toolChoice=choice)
    assert asked["tools"] == [{"type": "function", "function": {"name": "get_weather", **WEATHER["get_weather"]}}]
    assert asked["tool_choice"] == sent


def test_choice_without_tools_is_not_sent():
    assert "tool_choice" not in body(toolChoice="auto")


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        (CLOSED | {"additionalProperties": True}, False),
        (CLOSED | {"required": []}, False),
        (CLOSED | {"properties": {"joke": {"type": "object", "properties": {}}}}, False),
        (CLOSED | {"properties": {"joke": {"type": "array", "items": CLOSED}}}, True),
    ],
)
def test_schema_is_strict_when_it_permits_it(schema: dict[str, Any], strict: bool):
    asked = body(responseFormat={"type": "json_schema", "schema": schema, "name": "A joke!"})
    assert asked["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "A_joke_", "schema": schema, "strict": strict},
    }


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "tool-call", "toolCallId": "c", "toolName": "t", "args": {}}]},
        {"role": "assistant", "content": [{"type": "image", "image": PNG}]},
        {"role": "system", "content": [{"type": "image", "image": PNG}]},
    ],
)
def test_what_the_protocol_cannot_say_is_refused(message: dict[str, Any]):
    with pytest.raises(RequestRefusedError):
        body(messages=[message])


def test_a_result_that_is_an_error_says_so_in_its_text_and_odd_ids_go_out_as_the_same_other_one():
    call = {"type": "tool-call", "toolCallId": "functions.t:0", "toolName": "t", "args": {}}
    failed = {"type": "tool-result", "toolCallId": "functions.t:0", "toolName": "t", "result": "no", "isError": True}
    sent = body(messages=[{"role": "assistant", "content": [call]}, {"role": "tool", "content": [failed]}])["messages"]
    assert sent[1]["content"] == "Error: no"
    assert sent[1]["tool_call_id"] == sent[0]["tool_calls"][0]["id"] != "functions.t:0"

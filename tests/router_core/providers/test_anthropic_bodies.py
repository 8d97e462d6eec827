"""What is asked of Anthropic, feature by feature, in the shapes that real traffic shows."""

from typing import Any

import msgspec
import pytest

from router_core.errors.provider_errors import RequestRefusedError
from router_core.providers.anthropic import shaped_schema
from router_core.providers.anthropic_wire import request_body
from router_core.types import Capabilities, LLMRequest
from tests.router_core.providers.provider_calls import call_to

PNG = "data:image/png;base64,iVBORw0KGgo="
PNG_BLOCK = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
WEATHER = {"get_weather": {"description": "Weather of a city", "parameters": {"type": "object", "properties": {}}}}


def body(*, stream: bool = False, capabilities: Any = None, **request: Any) -> dict[str, Any]:
    asked = msgspec.convert({"prompt": "Hi"} | request if "messages" not in request else request, LLMRequest)
    call = msgspec.structs.replace(call_to("anthropic", capabilities=capabilities), request=asked)
    return msgspec.json.decode(request_body(call, shaped_schema, stream=stream), type=dict[str, Any])


def test_prompt_is_one_user_message_with_limit_and_temperature():
    assert body() == {
        "model": "claude-haiku-4-5",
        "max_tokens": 256,
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.7,
    }


def test_stream_is_asked_for():
    assert body(stream=True)["stream"] is True


def test_system_prompt_and_system_messages_are_one_field():
    asked = body(
        systemPrompt="Be brief",
        messages=[
            {"role": "system", "content": "Be kind"},
            {"role": "user", "content": "Hi"},
            {"role": "system", "content": [{"type": "text", "text": "Be true"}]},
        ],
    )
    assert asked["system"] == "Be brief\n\nBe kind\n\nBe true"
    assert asked["messages"] == [{"role": "user", "content": "Hi"}]


def test_temperature_is_left_out_when_not_wanted_or_not_taken():
    assert "temperature" not in body(temperature=None)
    assert "temperature" not in body(temperature=0.5, capabilities=Capabilities(max_temperature=None))


def test_conversation_with_tool_call_and_results_in_one_turn():
    messages = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "One moment"},
                {"type": "text", "text": ""},
                {"type": "tool-call", "toolCallId": "toolu_1", "toolName": "get_weather", "args": {"city": "Rome"}},
            ],
        },
        {
            "role": "tool",
            "content": [
                {"type": "tool-result", "toolCallId": "toolu_1", "toolName": "t", "result": {"c": 21}},
                {"type": "tool-result", "toolCallId": "toolu_2", "toolName": "t", "result": "no", "isError": True},
            ],
        },
        {"role": "user", "content": "And?"},
    ]
    assert body(messages=messages)["messages"] == [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "One moment"},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": '{"c":21}'},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no", "is_error": True},
                {"type": "text", "text": "And?"},
            ],
        },
    ]


def test_blank_texts_which_the_vendor_refuses_are_left_out():
    call = {"type": "tool-call", "toolCallId": "toolu_1", "toolName": "t", "args": {}}
    sent = body(
        messages=[
            {"role": "system", "content": " \n"},
            {"role": "user", "content": "Now?"},
            {"role": "assistant", "content": [{"type": "text", "text": "\n"}, call]},
            {"role": "user", "content": " "},
        ]
    )
    assert "system" not in sent
    assert [(turn["role"], len(turn["content"])) for turn in sent["messages"]] == [("user", 4), ("assistant", 1)]


def test_results_come_before_the_text_of_their_turn():
    result = {"type": "tool-result", "toolCallId": "toolu_1", "toolName": "t", "result": "x"}
    sent = body(messages=[{"role": "user", "content": [{"type": "text", "text": "Now?"}, result]}])["messages"]
    assert [block["type"] for block in sent[0]["content"]] == ["tool_result", "text"]


def test_images_become_base64_or_url_sources():
    sent = body(images=[PNG, "https://x.test/a.jpg"])["messages"]
    url = {"type": "image", "source": {"type": "url", "url": "https://x.test/a.jpg"}}
    assert sent == [{"role": "user", "content": [{"type": "text", "text": "Hi"}, PNG_BLOCK, url]}]


def test_data_url_with_parameters_keeps_only_its_type_and_data():
    sent = body(images=["data:image/PNG;charset=utf-8;base64,iVBORw0KGgo="])["messages"]
    assert sent[0]["content"][1] == PNG_BLOCK


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "get_weather"}}, {"type": "tool", "name": "get_weather"}),
    ],
)
def test_tools_and_their_choice(choice: Any, sent: Any):
    asked = body(tools=WEATHER, toolChoice=choice)
    assert asked["tools"] == [
        {
            "name": "get_weather",
            "description": "Weather of a city",
            "input_schema": {"type": "object", "properties": {}},
        }
    ]
    assert asked["tool_choice"] == sent


def test_tool_without_parameters_takes_an_empty_object():
    assert body(tools={"now": {}})["tools"][0]["input_schema"] == {"type": "object"}


def test_schema_goes_into_the_native_output_format_and_is_closed():
    schema = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 1}}, "required": ["age"]}
    sent = body(responseFormat={"type": "json_schema", "schema": schema})["output_config"]
    assert sent["format"]["type"] == "json_schema"
    assert sent["format"]["schema"]["additionalProperties"] is False
    assert sent["format"]["schema"]["required"] == ["age"]
    assert "minimum" not in sent["format"]["schema"]["properties"]["age"]


def test_schema_that_the_sdk_cannot_translate_is_left_to_the_vendor():
    schema: dict[str, Any] = {"properties": {"age": {}}}
    assert body(responseFormat={"type": "json_schema", "schema": schema})["output_config"]["format"]["schema"] == schema


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "tool-call", "toolCallId": "c", "toolName": "t", "args": {}}]},
        {"role": "assistant", "content": [{"type": "image", "image": PNG}]},
        {"role": "system", "content": [{"type": "image", "image": PNG}]},
        {"role": "user", "content": [{"type": "image", "image": "data:image/svg+xml,<svg/>"}]},
    ],
)
def test_what_the_protocol_cannot_say_is_refused(message: dict[str, Any]):
    with pytest.raises(RequestRefusedError):
        body(messages=[message])

"""What a request for a response becomes: the client's own fields beside what they say in our terms."""

import json
from typing import Any

import msgspec
import pytest

from router_core.api.openai_compatible.response_request import parse_response
from router_core.api.openai_compatible.shared_fields import SILENCE
from router_core.api.openai_compatible.thoughts import sealed_thought
from router_core.errors import ValidationError
from router_core.types import (
    ImagePart,
    Message,
    ReasoningPart,
    RelayedRequest,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": True}
IMAGE = "data:image/png;base64,iVBORw0KGgo="
THOUGHT = ReasoningPart(text="Hm.", signature="sealed-by-claude")


def parsed(**fields: Any) -> RelayedRequest:
    return parse_response(json.dumps({"model": "gpt-4o-mini", "input": "Hello", **fields}).encode(), {})


def passed_on(request: RelayedRequest) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) for name, value in request.native.fields.items()}


def test_nothing_is_added_to_what_the_client_says() -> None:
    request = parsed()
    assert (request.model_override, request.temperature, request.max_tokens) == ("gpt-4o-mini", None, None)
    assert request.messages == (Message(role="user", content="Hello"),)
    assert passed_on(request) == {"input": "Hello"}
    assert (request.native.protocol, request.native.needs, request.native.verbatim) == ("openai-responses", (), False)


def test_items_are_said_in_our_terms_and_what_the_assistant_did_in_one_go_is_one_turn() -> None:
    items = [
        {"role": "developer", "content": [{"type": "input_text", "text": "Be short"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What?"},
                                                        {"type": "input_image", "image_url": IMAGE}]},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
         "content": [{"type": "output_text", "text": "I look", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at":"sky"}'},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": ""},
        {"type": "function_call_output", "call_id": "c1", "output": "blue"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "grey"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    ]  # fmt: skip
    request = parsed(input=items, instructions="Be kind")
    assert request.system_prompt == "Be kind"
    assert request.messages == (
        Message(role="system", content="Be short"),
        Message(role="user", content=(TextPart(text="What?"), ImagePart(image=IMAGE))),
        Message(role="assistant", content=(
            TextPart(text="I look"), ToolCallPart(tool_call_id="c1", tool_name="look", args={"at": "sky"}),
            ToolCallPart(tool_call_id="c2", tool_name="look", args={}))),
        Message(role="tool", content=(ToolResultPart(tool_call_id="c1", tool_name="look", result="blue"),
                                      ToolResultPart(tool_call_id="c2", tool_name="look", result="grey"))),
        Message(role="assistant", content="No."),
    )  # fmt: skip
    assert (passed_on(request)["input"], request.native.needs) == (items, ())


def test_thoughts_go_back_to_who_sealed_them_and_to_nobody_else() -> None:
    ours = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": sealed_thought(THOUGHT)}  # fmt: skip
    bare = {"type": "reasoning", "id": "rs_2", "summary": []}
    theirs = {"type": "reasoning", "id": "rs_3", "summary": [], "encrypted_content": "gAAAA" * 8}
    said = {"role": "assistant", "content": "Yes"}
    request = parsed(input=[{"role": "user", "content": "Hi"}, ours, bare, theirs, said])
    assert request.messages == (
        Message(role="user", content="Hi"), Message(role="assistant", content=(THOUGHT, TextPart(text="Yes"))),
    )  # fmt: skip
    assert passed_on(request)["input"] == [{"role": "user", "content": "Hi"}, theirs, said]
    assert request.native.unseen_tokens == 10


def test_settings_that_several_vendors_know_are_said_in_our_terms() -> None:
    schema = {"type": "object", "properties": {}}
    request = parsed(
        max_output_tokens=50, temperature=0.2, top_p=1, tools=[LOOK], tool_choice={"type": "function", "name": "look"},
        parallel_tool_calls=False, reasoning={"effort": "low", "summary": "auto"}, stream=True,
        text={"format": {"type": "json_schema", "name": "out", "schema": schema, "strict": True}},
    )  # fmt: skip
    assert (request.max_tokens, request.temperature, request.top_p, request.stream) == (50, 0.2, None, True)
    assert (request.parallel_tools, request.effort, list(request.tools or ())) == (False, "low", ["look"])
    assert request.response_format is not None
    assert (request.response_format.schema, request.response_format.name) == (schema, "out")
    assert not isinstance(request.tool_choice, str | None)
    assert request.tool_choice.function.name == "look"
    assert request.native.needs == ()


@pytest.mark.parametrize(
    ("fields", "need"),
    [
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"include": ["message.output_text.logprobs"]}, "top_logprobs"),
        ({"text": {"format": {"type": "json_object"}}}, "text.format of type json_object"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"temperature": 0.2, "top_p": 0.5}, "top_p beside temperature"),
        ({"tools": [LOOK, {"type": "custom", "name": "run"}]}, "tools of type custom"),
        ({"tools": [LOOK], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}},
         "tool_choice of another type than function"),
        ({"input": [{"type": "custom_tool_call_output", "call_id": "c", "output": "x"}]},
         "items of type custom_tool_call_output"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "JVBERi0="}]}]},
         "content of type input_file"),
        ({"input": [{"type": "function_call_output", "call_id": "c",
                     "output": [{"type": "input_image", "image_url": IMAGE}]}]}, "images in results of tools"),
        ({"input": [{"role": "developer", "content": "Greet me."}]}, SILENCE),
    ],
)  # fmt: skip
def test_what_only_this_protocol_can_say_is_a_need_and_passed_on(fields: dict[str, Any], need: str) -> None:
    request = parsed(**fields)
    assert (request.native.needs, request.native.verbatim) == ((need,), True)
    assert passed_on(request) == {"input": "Hello", **fields}


def test_what_nobody_sees_is_estimated() -> None:
    tools = [{"type": "custom", "name": "run", "description": "x" * 3_000}]
    assert parsed(tools=tools).native.unseen_tokens >= 1_000
    held = [{"role": "user", "content": [{"type": "input_file", "file_data": "x" * 4_000}]}]
    assert parsed(input=held).native.unseen_tokens == 1_000
    elsewhere = [{"role": "user", "content": [{"type": "input_file", "file_url": "https://example.com/a.pdf"}]}]
    assert parsed(input=elsewhere).native.unseen_tokens > 10_000


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"store": True}, "store"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
         "input[0].content[0].file_id"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]},
         "input[0].content[0].file_id"),
        *(({"tools": [LOOK, {"type": kind}]}, "tools[1].type") for kind in (
            "web_search", "web_search_preview", "file_search", "code_interpreter", "computer_use_preview", "mcp",
            "image_generation", "local_shell", "shell", "a_new_one", None)),
        ({"tools": [LOOK], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"service_tier": "scale"}, "service_tier"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
    ],
)  # fmt: skip
def test_state_at_the_vendor_and_what_it_runs_itself_are_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parsed(**fields)
    assert caught.value.field == field


def test_what_says_that_none_of_it_is_wanted_is_no_fault_and_stays_here() -> None:
    request = parsed(
        previous_response_id=None, conversation=None, background=False, prompt=None, store=False, api_base="x",
        base_url="x", extra_headers={"a": "b"}, brand_new=1, user="u", metadata={"ticket": "T-1"},
    )  # fmt: skip
    assert passed_on(request) == {"input": "Hello", "user": "u", "metadata": {"ticket": "T-1"}}
    assert request.metadata == {"ticket": "T-1", "user": "u"}
    assert request.account_id is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [{"role": "root", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": []}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://10.0.0.1/x"}]}]},
         "input[0].content[0].image_url"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "http://10.0.0.1/x"}]}]},
         "input[0].content[0].file_url"),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "input[0].type"),
        ({"input": [{"type": "function_call", "name": "look", "arguments": "{}"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "no name"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output"),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, "input"),
        ({"tools": [{"type": "function", "name": "no name"}]}, "tools[0].name"),
        ({"tools": [LOOK], "tool_choice": "maybe"}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "text.format.name"),
        ({"temperature": 3}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options"),
        ({"truncation": "some"}, "truncation"),
        ({"metadata": {"a": "x" * 600}}, "metadata"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_place(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parsed(**fields)
    assert caught.value.field == field

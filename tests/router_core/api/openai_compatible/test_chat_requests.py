"""What a chat completion request becomes: the client's own fields beside what they say in our terms."""

import json
from typing import Any

import msgspec
import pytest

from router_core.api.openai_compatible.request import parse_chat
from router_core.api.openai_compatible.shared_fields import SILENCE
from router_core.errors import ValidationError
from router_core.types import ImagePart, Message, RelayedRequest, TextPart, ToolCallPart, ToolResultPart

HELLO = [{"role": "user", "content": "Hello"}]
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
IMAGE = "data:image/png;base64,iVBORw0KGgo="


def parsed(**fields: Any) -> RelayedRequest:
    return parse_chat(json.dumps({"model": "gpt-4o-mini", "messages": HELLO, **fields}).encode(), {})


def passed_on(request: RelayedRequest) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) for name, value in request.native.fields.items()}


def test_nothing_is_added_to_what_the_client_says() -> None:
    request = parsed()
    assert (request.model_override, request.temperature, request.max_tokens) == ("gpt-4o-mini", None, None)
    assert request.messages == (Message(role="user", content="Hello"),)
    assert passed_on(request) == {"messages": HELLO}
    assert (request.native.protocol, request.native.needs, request.native.verbatim) == ("openai-chat", (), False)


def test_a_conversation_is_said_in_our_terms() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}
    turns = [
        {"role": "developer", "content": [{"type": "text", "text": "Be short"}]},
        {"role": "user", "content": [{"type": "text", "text": "What?"},
                                     {"type": "image_url", "image_url": {"url": IMAGE, "detail": "low"}}]},
        {"role": "assistant", "content": "I look", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "blue"}]},
        {"role": "assistant", "content": None, "refusal": "No."},
    ]  # fmt: skip
    assert parsed(messages=turns).messages == (
        Message(role="system", content=(TextPart(text="Be short"),)),
        Message(role="user", content=(TextPart(text="What?"), ImagePart(image=IMAGE))),
        Message(role="assistant", content=(
            TextPart(text="I look"), ToolCallPart(tool_call_id="c1", tool_name="look", args={"at": "sky"}))),
        Message(role="tool", content=(ToolResultPart(tool_call_id="c1", tool_name="look", result="blue"),)),
        Message(role="assistant", content="No."),
    )  # fmt: skip


def test_settings_that_several_vendors_know_are_said_in_our_terms() -> None:
    schema = {"type": "object", "properties": {}}
    request = parsed(
        max_completion_tokens=50, temperature=0.2, top_p=1, stop="END", tools=[LOOK], tool_choice="required",
        parallel_tool_calls=False, reasoning_effort="low", stream=True,
        response_format={"type": "json_schema", "json_schema": {"name": "out", "schema": schema, "strict": True}},
    )  # fmt: skip
    assert (request.max_tokens, request.temperature, request.top_p, request.stop) == (50, 0.2, None, ("END",))
    assert (request.tool_choice, request.parallel_tools, request.effort) == ("required", False, "low")
    assert request.tools is not None
    assert request.response_format is not None
    assert (list(request.tools), request.response_format.schema, request.stream) == (["look"], schema, True)
    assert request.native.needs == ()


@pytest.mark.parametrize(
    ("fields", "need"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True, "top_logprobs": 2}, "logprobs"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"presence_penalty": -0.5}, "presence_penalty"),
        ({"response_format": {"type": "json_object"}}, "response_format without a schema"),
        ({"response_format": {"type": "grammar", "grammar": "x"}}, "response_format without a schema"),
        ({"temperature": 0.2, "top_p": 0.5}, "top_p beside temperature"),
        ({"stop": ["\n"]}, "stop made of blanks"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"functions": [{"name": "look"}]}, "functions"),
        ({"tools": [LOOK, {"type": "custom", "custom": {"name": "run"}}]}, "tools of another type than function"),
        (
            {"tools": [LOOK], "tool_choice": {"type": "allowed_tools", "allowed_tools": {}}},
            "tool_choice of another type than function",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "JVBERi0="}}]}]},
            "content of type file",
        ),
        ({"messages": [{"role": "system", "content": "Greet me."}]}, SILENCE),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}, SILENCE),
    ],
)
def test_what_only_this_protocol_can_say_is_a_need_and_passed_on(fields: dict[str, Any], need: str) -> None:
    request = parsed(**fields)
    assert (request.native.needs, request.native.verbatim) == ((need,), True)
    assert passed_on(request) == {"messages": HELLO, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1}, {"logprobs": False}, {"logit_bias": {}}, {"frequency_penalty": 0}, {"top_p": 1, "temperature": 1},
        {"response_format": {"type": "text"}}, {"seed": 7}, {"reasoning_effort": "ultra"}, {"service_tier": "default"},
        {"verbosity": "low"}, {"prompt_cache_key": "k"}, {"safety_identifier": "s"}, {"stop": None},
        {"modalities": ["text"]},
    ],
)  # fmt: skip
def test_what_changes_nothing_or_is_a_hint_is_no_need(fields: dict[str, Any]) -> None:
    request = parsed(**fields)
    assert (request.native.needs, request.native.verbatim) == ((), False)
    assert passed_on(request) == {"messages": HELLO, **fields}


def test_several_answers_are_counted_and_what_nobody_sees_is_estimated() -> None:
    assert parsed(n=5).native.choices == 5
    functions = [{"name": "look", "description": "x" * 3_000}]
    assert parsed(functions=functions).native.unseen_tokens >= 1_000
    held = [{"role": "user", "content": [{"type": "file", "file": {"file_data": "x" * 4_000}}]}]
    assert parsed(messages=held).native.unseen_tokens == 1_000
    held[0]["content"][0]["file"]["file_data"] = f"data:application/pdf;base64,{'x' * 4_000_000}"  # type: ignore[index]
    assert parsed(messages=held).native.unseen_tokens == 50_000, "its bytes are pictures and fonts, not words"
    named = [{"role": "user", "content": [{"type": "file", "file": {"file_url": "https://x.example/a.pdf"}}]}]
    assert parsed(messages=named).native.unseen_tokens > 10_000


def test_row_52_a_field_that_nobody_knows_is_passed_on_unless_it_says_where_to_go() -> None:
    hostile = ("api_base", "api_key", "api_version", "base_url", "extra_headers", "user_config",
               "models", "route", "provider", "transforms", "fallbacks")  # fmt: skip
    request = parsed(brand_new={"a": 1}, **dict.fromkeys(hostile, "x"))
    assert passed_on(request) == {"messages": HELLO, "brand_new": {"a": 1}}
    assert (request.native.needs, request.native.verbatim) == ((), True)


def test_row_55_a_user_is_a_label_and_nothing_else() -> None:
    request = parsed(user="globex", metadata={"ticket": "T-1"}, store=True)
    assert request.account_id is None
    assert request.metadata == {"ticket": "T-1", "user": "globex"}
    # Nothing is kept at the vendor, and labels are kept here.
    assert passed_on(request) == {"messages": HELLO, "user": "globex"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"service_tier": "scale"}, "service_tier"),
        ({"modalities": ["text", "audio"], "audio": {"voice": "x"}}, "audio"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"search_parameters": {"mode": "on"}}, "search_parameters"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"enable_search": True}, "enable_search"),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "messages[0].audio"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
    ],
)
def test_what_could_not_be_charged_rightly_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match="has no price here") as caught:
        parsed(**fields)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["search_parameters", "plugins", "enable_search", "web_search_options"])
def test_searching_that_is_not_asked_for_is_no_fault(field: str) -> None:
    assert passed_on(parsed(**{field: None})) == {"messages": HELLO, field: None}


def test_a_file_of_the_vendors_is_refused_since_it_is_everybodys_who_has_its_key() -> None:
    kept = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f-1"}}]}]
    with pytest.raises(ValidationError, match="everybody's") as caught:
        parsed(messages=kept)
    assert caught.value.field == "messages[0].content[0].file.file_id"


@pytest.mark.parametrize("tool", [{"type": "web_search"}, {"type": "mcp", "server_url": "https://x"}, {"name": "look"}])
def test_only_tools_that_the_client_runs_are_taken(tool: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="only tools that the client runs are taken") as caught:
        parsed(tools=[LOOK, tool])
    assert caught.value.field == "tools[1].type"


@pytest.mark.parametrize("number", ["1e999", "-1E+400", "9" * 400 + ".5"])
def test_a_number_that_is_none_is_refused_where_nobody_here_reads_it(number: str) -> None:
    body = json.dumps({"model": "m", "messages": HELLO, "new": "here"}).replace('"here"', f"[{number}]")
    with pytest.raises(ValidationError, match="not valid JSON"):
        parse_chat(body.encode(), {})
    assert parsed(new=[1e99, "1e999"]).native.verbatim


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"temperature": 3}, "temperature"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"top_logprobs": 5}, "top_logprobs"),
        ({"metadata": {"a": "x" * 600}}, "metadata"),
        ({"metadata": {str(place): "x" for place in range(17)}}, "metadata"),
        ({"tools": [{"type": "function", "function": {"name": "no name"}}]}, "tools[0].function.name"),
        ({"tools": [LOOK], "tool_choice": "maybe"}, "tool_choice"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": IMAGE}}]}]},
         "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://10.0.0.1"}}]}]},
         "messages[0].content[0].image_url.url"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_place(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parsed(**fields)
    assert caught.value.field == field


def test_a_limit_is_sent_under_the_newer_name_to_who_uses_it() -> None:
    assert passed_on(parsed(max_tokens=5)) == {"messages": HELLO}
    assert passed_on(parsed(max_completion_tokens=5)) == {"messages": HELLO, "max_completion_tokens": 5}

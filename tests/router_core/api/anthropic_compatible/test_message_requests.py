"""What a message request becomes: the client's own fields beside what they say in our terms."""

import json
from typing import Any

import msgspec
import pytest

from router_core.api.anthropic_compatible.request import betas_of, parse_count, parse_messages
from router_core.errors import ValidationError
from router_core.types import (
    ImagePart,
    Message,
    ReasoningPart,
    RelayedRequest,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    ToolSelection,
)

HELLO = [{"role": "user", "content": "Hello"}]
LOOK = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


def parsed(**fields: Any) -> RelayedRequest:
    asked = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": HELLO, **fields}
    return parse_messages(json.dumps(asked).encode())


def said(*blocks: dict[str, Any], role: str = "user") -> RelayedRequest:
    """Return the request whose conversation ends in a user's turn, with ``blocks`` in it."""
    turns = [{"role": role, "content": list(blocks)}]
    return parsed(messages=turns if role == "user" else [*turns, *HELLO])


def passed_on(request: RelayedRequest) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) for name, value in request.native.fields.items()}


def refusal(**fields: Any) -> tuple[str | None, str]:
    with pytest.raises(ValidationError) as caught:
        parsed(**fields)
    return caught.value.field, caught.value.message


def test_nothing_is_added_to_what_the_client_says() -> None:
    request = parsed()
    assert (request.model_override, request.temperature, request.max_tokens) == ("claude-haiku-4-5", None, 100)
    assert request.messages == (Message(role="user", content="Hello"),)
    assert passed_on(request) == {"messages": HELLO}
    assert (request.native.protocol, request.native.needs, request.native.verbatim) == ("anthropic-messages", (), False)


def test_a_conversation_is_said_in_our_terms() -> None:
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "What?", "cache_control": {"type": "ephemeral"}},
                                     {"type": "image", "source": PNG},
                                     {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "seal"},
            {"type": "redacted_thinking", "data": "locked"},
            {"type": "text", "text": "I look"},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "sky"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "is_error": True,
             "content": [{"type": "text", "text": "bl"}, {"type": "text", "text": "ue"}]}]},
    ]  # fmt: skip
    request = parsed(messages=turns, system=[{"type": "text", "text": "Be short"}, {"type": "text", "text": "Be true"}])
    assert request.system_prompt == "Be short\n\nBe true"
    picture = "data:image/png;base64,iVBORw0KGgo="
    assert request.messages == (
        Message(role="user", content=(
            TextPart(text="What?"), ImagePart(image=picture), ImagePart(image="https://x.test/a.png"))),
        Message(role="assistant", content=(
            ReasoningPart(text="Hm", signature="seal"), ReasoningPart(data="locked"), TextPart(text="I look"),
            ToolCallPart(tool_call_id="t1", tool_name="look", args={"at": "sky"}))),
        Message(role="user", content=(
            ToolResultPart(tool_call_id="t1", tool_name="look", result="blue", is_error=True),)),
    )  # fmt: skip
    assert request.native.needs == ()
    assert passed_on(request)["messages"] == turns


def test_settings_that_several_vendors_know_are_said_in_our_terms() -> None:
    schema = {"type": "object", "properties": {}}
    request = parsed(
        temperature=0.2, top_p=0.9, stop_sequences=["END"], tools=[LOOK], stream=True,
        tool_choice={"type": "tool", "name": "look", "disable_parallel_tool_use": True},
        output_config={"effort": "xhigh", "format": {"type": "json_schema", "schema": schema}},
        metadata={"user_id": "u-1"},
    )  # fmt: skip
    assert (request.temperature, request.top_p, request.stop, request.stream) == (0.2, 0.9, ("END",), True)
    assert isinstance(request.tool_choice, ToolSelection)
    assert (list(request.tools or ()), request.parallel_tools, request.effort) == (["look"], False, "xhigh")
    assert request.response_format is not None
    assert request.response_format.schema == schema
    assert request.metadata == {"user": "u-1"}
    assert (request.native.needs, request.native.verbatim) == ((), False)


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        ({"type": "enabled", "budget_tokens": 1024}, "minimal"),
        ({"type": "enabled", "budget_tokens": 8000}, "medium"),
        ({"type": "adaptive"}, None),
        ({"type": "disabled"}, None),
    ],
)
def test_a_budget_for_thinking_is_an_effort_to_others(thinking: Any, effort: str | None) -> None:
    assert parsed(thinking=thinking, max_tokens=9000).effort == effort


def test_what_has_no_like_elsewhere_is_named_and_counted_as_read() -> None:
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "x" * 4000}}
    kept = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    picture = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": PNG}]}
    assert [said(each).native.needs for each in (document, kept, picture)] == [
        ("content of another type than text, image, thinking, tool_use and tool_result",),
        ("images that the vendor keeps",),
        ("images in results of tools",),
    ]
    assert said(document).native.unseen_tokens > 1000
    large = {"type": "document", "source": document["source"] | {"data": "x" * 4_000_000}}  # type: ignore[operator]
    assert said(large).native.unseen_tokens == 50_000, "its bytes are pictures and fonts, not words"
    plain = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x" * 4_000_000}}
    assert said(plain).native.unseen_tokens > 1_000_000
    assert min(said(each).native.unseen_tokens for each in (kept, picture)) > 1000
    request = parsed(
        top_k=3, stop_sequences=list("abcde"), messages=[*HELLO, {"role": "assistant", "content": "So"}],
        tools=[{"type": "bash_20250124", "name": "bash"}, {**LOOK, "defer_loading": True}, {**LOOK, "name": "x" * 65}],
    )  # fmt: skip
    assert request.native.needs == (
        "a last message of role assistant", "tools that the vendor knows",
        "tools that are loaded when they are needed", "names of tools with more than 64 characters",
        "top_k", "more than 4 stop_sequences",
    )  # fmt: skip
    assert request.native.verbatim


def test_a_field_that_nobody_knows_is_passed_on_and_leaves_the_answer_to_the_vendor() -> None:
    request = parsed(brand_new={"a": 1}, api_base="https://elsewhere.test", model_hint=None)
    assert passed_on(request) == {"messages": HELLO, "brand_new": {"a": 1}, "model_hint": None}
    assert (request.native.needs, request.native.verbatim) == ((), True)


def test_thoughts_that_nobody_signed_are_kept_from_the_vendor_that_would_refuse_them() -> None:
    ours = {"type": "thinking", "thinking": "Hm", "signature": ""}
    theirs = {"type": "thinking", "thinking": "So", "signature": "seal"}
    text = {"type": "text", "text": "Yes"}
    turns = [{"role": "assistant", "content": [ours, theirs, text], "extra": 1}, *HELLO]
    sent = passed_on(parsed(messages=turns))["messages"]
    assert sent == [{"role": "assistant", "content": [theirs, text], "extra": 1}, *HELLO]
    bare = {"role": "assistant", "content": [ours]}
    assert passed_on(parsed(messages=[*HELLO, bare, *HELLO]))["messages"] == [*HELLO, *HELLO]


def test_what_is_to_be_cached_is_known_to_cost_more_wherever_it_is_said() -> None:
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert not parsed().native.caches
    for request in (parsed(**mark), said({"type": "text", "text": "Hi", **mark}), parsed(tools=[{**LOOK, **mark}])):
        assert request.native.caches
    written = json.dumps({"model": "m", "max_tokens": 1, "messages": HELLO, **mark}).replace(
        "_control", "\\u005fcontrol"
    )
    assert parse_messages(written.encode()).native.caches
    assert not parsed(system="caf\u00e9 <b>").native.caches


def test_a_number_that_is_none_is_refused_where_nobody_here_reads_it() -> None:
    body = json.dumps({"model": "m", "max_tokens": 1, "messages": HELLO, "new": [1]}).replace("[1]", "[1e999]")
    with pytest.raises(ValidationError, match="not valid JSON"):
        parse_messages(body.encode())


@pytest.mark.parametrize(
    ("tool", "reason"),
    [
        ({"type": "web_search_20250305", "name": "web_search"}, "web searches have no price here"),
        ({"type": "code_execution_20250825", "name": "x"}, "would keep state at the vendor, and has no price here"),
        ({"type": "brand_new_20270101", "name": "x"}, "is no tool whose cost is known here"),
    ],
)
def test_a_tool_whose_cost_is_not_known_is_refused_by_its_place(tool: Any, reason: str) -> None:
    assert refusal(tools=[LOOK, tool]) == ("tools[1].type", reason)


def test_fetching_pages_is_taken_where_its_cost_is_bounded() -> None:
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": 3}
    assert refusal(tools=[fetch])[0] == "tools[0].max_content_tokens"
    assert refusal(tools=[{**fetch, "max_uses": None}])[0] == "tools[0].max_uses"
    assert parsed(tools=[{**fetch, "max_content_tokens": 5000}]).native.unseen_tokens > 15_000


@pytest.mark.parametrize(
    "field", ["container", "thread", "mcp_servers", "fallbacks", "compaction", "user_profile_id", "workspace_id"]
)
def test_what_keeps_state_or_leads_out_or_has_no_price_is_refused_by_name(field: str) -> None:
    assert refusal(**{field: [{"x": 1}]})[0] == field
    assert parsed(**{field: None}).native.needs == ()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "root", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_use", "id": "a"}]}]}, "messages[0].content[0].type"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": 1.5}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}, "max_tokens": 4096}, "thinking.budget_tokens"),
        ({"stop_sequences": ["x"] * 300}, "stop_sequences"),
        ({"system": [{"type": "image"}]}, "system[0].type"),
        ({"tools": [LOOK, LOOK]}, "tools[1].name"),
        ({"tools": [LOOK, {"name": "a b"}]}, "tools[1].name"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": 1}}, "tool_choice.disable_parallel_tool_use"),
        ({"speed": "fast"}, "speed"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, "context_management.edits[0].type"),
    ],
)
def test_a_fault_is_named_by_its_place(fields: dict[str, Any], place: str) -> None:
    assert refusal(**fields)[0] == place


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "file:///etc/passwd"])
def test_an_image_is_data_or_an_https_address(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        said({"type": "image", "source": {"type": "url", "url": url}})
    assert caught.value.field == "messages[0].content[0].source.url"
    assert url not in caught.value.message


def test_features_are_names_from_all_headers_in_their_order_once() -> None:
    headers = [(b"anthropic-beta", b"a-1, b.2"), (b"accept", b"*/*"), (b"anthropic-beta", b"c_3,,a-1")]
    assert betas_of(headers) == ("a-1", "b.2", "c_3")
    assert betas_of([]) == ()


@pytest.mark.parametrize("told", [b"a b", b"\xe4", b"x" * 65, b",".join(b"f%d" % n for n in range(33)), b"a;q=1"])
def test_a_feature_that_is_no_name_is_refused(told: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        betas_of([(b"anthropic-beta", told)])
    assert caught.value.field == "anthropic-beta"


def test_tokens_are_counted_of_a_request_without_a_limit() -> None:
    request = parse_count(json.dumps({"model": "claude-haiku-4-5", "messages": HELLO, "tools": [LOOK]}).encode())
    assert (request.max_tokens, list(request.tools or ())) == (None, ["look"])
    assert passed_on(request) == {"messages": HELLO, "tools": [LOOK]}

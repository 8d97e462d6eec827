"""Tools and their choice in the three formats: what goes out comes back, and what cannot be said is refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.errors import ValidationError
from router_core.tools.formats import (
    choice_from_anthropic,
    choice_from_openai,
    choice_to_anthropic,
    choice_to_openai,
    from_anthropic,
    from_openai,
    is_tool_name,
    to_anthropic,
    to_openai,
    wire_id,
)
from router_core.types import ToolFormat, named_tool

NAMES = st.text(st.sampled_from("abcXYZ019_-"), min_size=1, max_size=64)
SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.dictionaries(st.text(max_size=8), st.sampled_from([{"type": "string"}, {"type": "integer"}, {}])).map(
        lambda properties: {"type": "object", "properties": properties}
    ),
)
TOOLS = st.dictionaries(NAMES, st.builds(ToolFormat, description=st.text(max_size=20), parameters=SCHEMAS), max_size=5)
CHOICES = st.one_of(st.sampled_from(["auto", "none", "required"]), NAMES.map(named_tool))


@given(tools=TOOLS)
def test_tools_come_back_from_each_vendor_as_they_went(tools: dict[str, ToolFormat]) -> None:
    assert from_openai(to_openai(tools)) == tools
    assert from_anthropic(to_anthropic(tools)) == tools


@given(tools=TOOLS)
def test_tools_go_from_one_vendor_to_the_other_and_back(tools: dict[str, ToolFormat]) -> None:
    asked = to_openai(tools)
    assert to_openai(from_anthropic(to_anthropic(from_openai(asked)))) == asked


@given(choice=CHOICES)
def test_a_choice_comes_back_from_each_vendor_as_it_went(choice: Any) -> None:
    assert choice_from_openai(choice_to_openai(choice)) == choice
    assert choice_from_anthropic(choice_to_anthropic(choice)) == choice


def test_the_shapes_are_the_vendors_own() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = {"weather": ToolFormat(description="Weather", parameters=schema)}
    function = {"name": "weather", "description": "Weather", "parameters": schema}
    assert to_openai(tools) == [{"type": "function", "function": function}]
    assert to_anthropic(tools) == [{"name": "weather", "description": "Weather", "input_schema": schema}]
    assert choice_to_openai(named_tool("weather")) == {"type": "function", "function": {"name": "weather"}}
    assert choice_to_anthropic(named_tool("weather")) == {"type": "tool", "name": "weather"}
    assert choice_to_anthropic("required") == {"type": "any"}


def test_a_tool_without_a_schema_takes_an_object_at_anthropic_and_nothing_at_openai() -> None:
    tools = {"now": ToolFormat()}
    assert to_anthropic(tools)[0]["input_schema"] == {"type": "object"}
    assert "parameters" not in to_openai(tools)[0]["function"]


@pytest.mark.parametrize(
    ("tools", "field"),
    [
        ([{"type": "custom", "custom": {"name": "a"}}], "tools[0].type"),
        (["a"], "tools[0].type"),
        ([{"type": "function"}], "tools[0].function"),
        ([{"type": "function", "function": {}}], "tools[0].function.name"),
        ([{"type": "function", "function": {"name": "a b"}}], "tools[0].function.name"),
        ([{"type": "function", "function": {"name": "a" * 65}}], "tools[0].function.name"),
        ([{"type": "function", "function": {"name": "a"}}] * 2, "tools[1].function.name"),
        ([{"type": "function", "function": {"name": "a", "description": 1}}], "tools[0].function.description"),
        ([{"type": "function", "function": {"name": "a", "parameters": []}}], "tools[0].function.parameters"),
    ],
)
def test_what_is_no_tool_at_openai_is_refused_by_its_place(tools: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        from_openai(tools)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("tools", "field"),
    [
        ([{"type": "web_search_20250305", "name": "web_search"}], "tools[0].type"),
        ([{"name": ""}], "tools[0].name"),
        ([{"name": "a", "input_schema": {}}, {"name": "a"}], "tools[1].name"),
        ([{"name": "a", "input_schema": "x"}], "tools[0].input_schema"),
    ],
)
def test_what_is_no_tool_at_anthropic_is_refused_by_its_place(tools: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        from_anthropic(tools)
    assert caught.value.field == field


@pytest.mark.parametrize("choice", [1, None, "any", {"type": "function"}, {"type": "function", "function": {}}])
def test_what_is_no_choice_at_openai_is_refused(choice: Any) -> None:
    with pytest.raises(ValidationError):
        choice_from_openai(choice)


@pytest.mark.parametrize("choice", ["auto", None, {"type": "required"}, {"type": ["auto"]}, {"type": "tool"}])
def test_what_is_no_choice_at_anthropic_is_refused(choice: Any) -> None:
    with pytest.raises(ValidationError):
        choice_from_anthropic(choice)


def test_names_are_those_that_every_vendor_takes() -> None:
    assert [is_tool_name(name) for name in ("a", "A-b_9", "a" * 64, "", "a" * 65, "a.b", "ä", "a\n")] == [
        True, True, True, False, False, False, False, False,
    ]  # fmt: skip


@given(call_id=st.text(max_size=80))
def test_every_id_goes_out_as_one_that_vendors_take_and_always_as_the_same(call_id: str) -> None:
    sent = wire_id(call_id)
    assert is_tool_name(sent)
    assert len(sent) <= 40
    assert wire_id(call_id) == sent == wire_id(sent)


def test_ids_of_both_vendors_stay_as_they_are() -> None:
    for known in ("call_0123456789abcdefghijklmn", "toolu_01A09q90qw90lq917835lq9"):
        assert wire_id(known) == known
    assert wire_id("functions.look:0") != wire_id("functions.look:1")

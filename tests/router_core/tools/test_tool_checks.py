"""What vendors would refuse about tools is refused early, by the field's name."""

from typing import Any

import msgspec
import pytest

from router_core.errors import ValidationError
from router_core.tools.checking import check_calls, check_tools
from router_core.types import Message, ToolFormat


def call(call_id: str, name: str = "look") -> dict[str, Any]:
    return {"type": "tool-call", "toolCallId": call_id, "toolName": name, "args": {}}


def result(call_id: str) -> dict[str, Any]:
    return {"type": "tool-result", "toolCallId": call_id, "toolName": "look", "result": 1}


def turns(*contents: list[dict[str, Any]]) -> tuple[Message, ...]:
    role = {"tool-call": "assistant", "tool-result": "tool"}
    turns = [{"role": role[content[0]["type"]], "content": content} for content in contents]
    return msgspec.convert(turns, tuple[Message, ...])


def test_calls_with_their_results_pass() -> None:
    check_calls(turns([call("a"), call("b")], [result("b")], [result("a")], [call("c")], [result("c")]))


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        (turns([call("a")]), "messages[0].content[0].toolCallId"),
        (turns([call("a"), call("b")], [result("a")]), "messages[0].content[1].toolCallId"),
        (turns([result("a")]), "messages[0].content[0].toolCallId"),
        (turns([call("a")], [result("b")]), "messages[1].content[0].toolCallId"),
        (turns([call("a")], [result("a"), result("a")]), "messages[1].content[1].toolCallId"),
        (turns([call("a"), call("a")], [result("a")]), "messages[0].content[1].toolCallId"),
        (turns([call("a")], [result("a")], [call("a")], [result("a")]), "messages[2].content[0].toolCallId"),
        (turns([call("")], [result("")]), "messages[0].content[0].toolCallId"),
        (turns([call("a" * 257)]), "messages[0].content[0].toolCallId"),
        (turns([call("a", "no good")], [result("a")]), "messages[0].content[0].toolName"),
    ],
)
def test_ids_that_do_not_pair_up_are_refused_by_their_place(messages: tuple[Message, ...], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_calls(messages)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("tools", "field"),
    [
        ({f"t{number}": ToolFormat() for number in range(129)}, "tools"),
        ({"a.b": ToolFormat()}, "tools"),
        ({"a": ToolFormat(description="x" * 65_537)}, "tools.a"),
        ({"a": ToolFormat(parameters={"type": "string"})}, "tools.a.parameters.type"),
        ({"a": ToolFormat(parameters={"type": ["object", "null"]})}, "tools.a.parameters.type"),
    ],
)
def test_tools_that_no_vendor_takes_are_refused(tools: dict[str, ToolFormat], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_tools(tools)
    assert caught.value.field == field

"""What a vendor would refuse about tools, said early and with the field's name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from router_core.errors import ValidationError
from router_core.tools.formats import is_tool_name
from router_core.types import LLMRequest, Message, ToolCallPart, ToolFormat, ToolResultPart, ToolSelection

__all__ = ["MAX_TOOLS", "check_calls", "check_choice", "check_tools"]

MAX_TOOLS: Final = 128
MAX_TOOL_BYTES: Final = 64 * 1024
MAX_ID_CHARS: Final = 256


def check_tools(tools: Mapping[str, ToolFormat]) -> None:
    """Raise :class:`ValidationError` for too many tools, a name that no vendor takes, a tool that is too large, and a
    schema that is none of an object.
    """
    if len(tools) > MAX_TOOLS:
        raise ValidationError(f"at most {MAX_TOOLS} tools", field="tools")
    for name, tool in tools.items():
        if not is_tool_name(name):
            raise ValidationError("a tool's name has 1 to 64 letters, digits, _ or -", field="tools")
        if len(msgspec.json.encode(tool)) > MAX_TOOL_BYTES:
            raise ValidationError(f"has more than {MAX_TOOL_BYTES} bytes", field=f"tools.{name}")
        if tool.parameters.get("type", "object") != "object":
            raise ValidationError("must be the JSON schema of an object", field=f"tools.{name}.parameters.type")


def check_choice(request: LLMRequest) -> None:
    """Raise :class:`ValidationError` for a choice that the tools of ``request`` do not offer."""
    choice = request.tool_choice
    if choice is None or choice in {"auto", "none"}:
        return
    tools = request.tools or {}
    if not tools or (isinstance(choice, ToolSelection) and choice.function.name not in tools):
        raise ValidationError("names a tool that `tools` does not hold", field="toolChoice")


def check_calls(messages: Sequence[Message]) -> None:
    """Raise :class:`ValidationError` for a tool call without an id, one whose id another has, one that nobody answered,
    and a result without its call or beside another result of it.
    """
    open_calls: dict[str, str] = {}
    seen: set[str] = set()
    for field, part in _tool_parts(messages):
        call_id, where = part.tool_call_id, f"{field}.toolCallId"
        if not 0 < len(call_id) <= MAX_ID_CHARS:
            raise ValidationError(f"an id has 1 to {MAX_ID_CHARS} characters", field=where)
        if isinstance(part, ToolResultPart):
            if open_calls.pop(call_id, None) is None:
                raise ValidationError(
                    "is the id of no tool call before it that still waits for its result", field=where
                )
        elif call_id in seen:
            raise ValidationError("is the id of another tool call", field=where)
        else:
            if not is_tool_name(part.tool_name):
                raise ValidationError("a tool's name has 1 to 64 letters, digits, _ or -", field=f"{field}.toolName")
            seen.add(call_id)
            open_calls[call_id] = where
    if open_calls:
        raise ValidationError("the tool call has no result", field=next(iter(open_calls.values())))


def _tool_parts(messages: Sequence[Message]) -> Iterator[tuple[str, ToolCallPart | ToolResultPart]]:
    for place, message in enumerate(messages):
        if isinstance(message.content, str):
            continue
        for spot, part in enumerate(message.content):
            if isinstance(part, ToolCallPart | ToolResultPart):
                yield f"messages[{place}].content[{spot}]", part

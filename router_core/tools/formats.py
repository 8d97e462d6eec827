"""Tools in the three formats that they come in: the router's own, OpenAI's and Anthropic's. Pure functions, both ways.

The router's own format is a record of :class:`ToolFormat` by name. What the vendors' formats say beside name,
description and schema (``strict``, cache control) is not part of it.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from router_core.errors import ValidationError
from router_core.types import ToolChoice, ToolFormat, ToolSelection, named_tool

__all__ = [
    "choice_from_anthropic",
    "choice_from_openai",
    "choice_to_anthropic",
    "choice_to_openai",
    "from_anthropic",
    "from_openai",
    "is_tool_name",
    "to_anthropic",
    "to_openai",
    "wire_id",
]

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_OBJECT: Final[dict[str, Any]] = {"type": "object"}
_TO_ANTHROPIC: Final = {"auto": "auto", "none": "none", "required": "any"}
_FROM_ANTHROPIC: Final[dict[str, ToolChoice]] = {"auto": "auto", "none": "none", "any": "required"}
_OPENAI_CHOICES: Final[dict[str, ToolChoice]] = {"auto": "auto", "none": "none", "required": "required"}


def is_tool_name(text: str) -> bool:
    """Say whether every vendor takes ``text`` as the name of a tool."""
    return _NAME.fullmatch(text) is not None


def wire_id(call_id: str) -> str:
    """Return ``call_id`` as every vendor takes it: itself, or always the same other one where one would refuse it."""
    return (
        call_id
        if _CALL_ID.fullmatch(call_id)
        else f"call_{sha256(call_id.encode('utf-8', 'replace')).hexdigest()[:24]}"
    )


# --- OpenAI --------------------------------------------------------------------------------------------------------


def to_openai(tools: Mapping[str, ToolFormat]) -> list[dict[str, Any]]:
    """Return ``tools`` as chat completions take them; a tool without a schema takes no arguments there."""
    return [{"type": "function", "function": _function(name, tool)} for name, tool in tools.items()]


def _function(name: str, tool: ToolFormat) -> dict[str, Any]:
    function: dict[str, Any] = {"name": name, "description": tool.description}
    return {**function, "parameters": tool.parameters} if tool.parameters else function


def from_openai(tools: Iterable[Any], field: str = "tools") -> dict[str, ToolFormat]:
    """Return the function tools of a chat completion request.

    Raises :class:`ValidationError` that names the place below ``field`` for a tool of another kind, a name that no
    vendor takes, and one that comes twice.
    """
    found: dict[str, ToolFormat] = {}
    for place, tool in enumerate(tools):
        where = f"{field}[{place}]"
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise ValidationError("only tools of type function are taken", field=f"{where}.type")
        function = tool.get("function")
        if not isinstance(function, dict):
            raise ValidationError("must be an object", field=f"{where}.function")
        where = f"{where}.function"
        name = _new_name(function.get("name"), found, where)
        found[name] = _format(function, "parameters", where)
    return found


def choice_to_openai(choice: ToolChoice) -> Any:
    """Return ``choice`` as chat completions take it."""
    if isinstance(choice, ToolSelection):
        return {"type": "function", "function": {"name": choice.function.name}}
    return choice


def choice_from_openai(choice: Any, field: str = "tool_choice") -> ToolChoice:
    """Return the choice of a chat completion request. Raises :class:`ValidationError` for one that cannot be said."""
    if isinstance(choice, str) and choice in _OPENAI_CHOICES:
        return _OPENAI_CHOICES[choice]
    if isinstance(choice, dict) and choice.get("type") == "function" and isinstance(choice.get("function"), dict):
        return _selection(choice["function"].get("name"), f"{field}.function.name")
    raise ValidationError("must be auto, none, required or one function", field=field)


# --- Anthropic -----------------------------------------------------------------------------------------------------


def to_anthropic(tools: Mapping[str, ToolFormat]) -> list[dict[str, Any]]:
    """Return ``tools`` as messages take them: every schema there is that of an object."""
    return [
        {"name": name, "description": tool.description, "input_schema": {**_OBJECT, **tool.parameters}}
        for name, tool in tools.items()
    ]


def from_anthropic(tools: Iterable[Any], field: str = "tools") -> dict[str, ToolFormat]:
    """Return the client's tools of a message request.

    Raises :class:`ValidationError` that names the place below ``field`` for a tool that the vendor runs itself, a name
    that no vendor takes, and one that comes twice.
    """
    found: dict[str, ToolFormat] = {}
    for place, tool in enumerate(tools):
        where = f"{field}[{place}]"
        if not isinstance(tool, dict) or tool.get("type", "custom") not in ("custom", None):
            raise ValidationError("only tools that the client runs are taken", field=f"{where}.type")
        name = _new_name(tool.get("name"), found, where)
        found[name] = _format(tool, "input_schema", where)
    return found


def choice_to_anthropic(choice: ToolChoice) -> dict[str, Any]:
    """Return ``choice`` as messages take it."""
    if isinstance(choice, ToolSelection):
        return {"type": "tool", "name": choice.function.name}
    return {"type": _TO_ANTHROPIC[choice]}


def choice_from_anthropic(choice: Any, field: str = "tool_choice") -> ToolChoice:
    """Return the choice of a message request. Raises :class:`ValidationError` for one that cannot be said."""
    kind = choice.get("type") if isinstance(choice, dict) else None
    if isinstance(kind, str) and kind in _FROM_ANTHROPIC:
        return _FROM_ANTHROPIC[kind]
    if kind == "tool":
        return _selection(choice.get("name"), f"{field}.name")
    raise ValidationError("must be auto, none, any or one tool", field=field)


# --- inside --------------------------------------------------------------------------------------------------------


def _new_name(name: Any, found: Mapping[str, ToolFormat], where: str) -> str:
    if not isinstance(name, str) or not is_tool_name(name):
        raise ValidationError("a tool's name has 1 to 64 letters, digits, _ or -", field=f"{where}.name")
    if name in found:
        raise ValidationError("names a tool that is there already", field=f"{where}.name")
    return name


def _format(tool: Mapping[str, Any], schema: str, where: str) -> ToolFormat:
    description, parameters = tool.get("description"), tool.get(schema)
    if not isinstance(description, str | None):
        raise ValidationError("must be text", field=f"{where}.description")
    if not isinstance(parameters, dict | None):
        raise ValidationError("must be a JSON schema of an object", field=f"{where}.{schema}")
    return ToolFormat(description=description or "", parameters={} if parameters in (None, _OBJECT) else parameters)


def _selection(name: Any, field: str) -> ToolSelection:
    if not isinstance(name, str) or not is_tool_name(name):
        raise ValidationError("must be the name of a tool", field=field)
    return named_tool(name)

"""Reads OpenAI chat completion requests, refusing what OpenAI refuses in OpenAI's words."""

from typing import Any, Final

import msgspec

from simulator.ask import Ask, ToolOffer, take_directives
from simulator.models import is_reasoning
from simulator.openai_fields import check_context, choose, decoded, missing, opened, read_image, whole, wrong
from simulator.tokens import (
    TOKENS_PER_MESSAGE,
    TOKENS_PER_PROMPT,
    TOKENS_PER_TOOL_PROMPT,
    prompt_tokens,
)
from simulator.vendor_errors import WireError

_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_ROLE_LIST: Final = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
_MOST_CHOICES: Final = 128


def read_chat(body: bytes) -> Ask:
    """Return the request, or raise WireError as OpenAI would answer it."""
    data = decoded(body)
    ask = opened(data)
    _read_messages(ask, data.get("messages"))
    _read_limits(ask, data)
    _read_tools(ask, data)
    _read_format(ask, data.get("response_format"))
    check_context(ask, "messages")
    return ask


def _read_messages(ask: Ask, messages: Any) -> None:
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list):
        raise wrong("messages", "an array of objects")
    if not messages:
        message = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        raise WireError(400, message, "messages", "empty_array")
    characters = 0
    for index, message in enumerate(messages):
        characters += _read_message(ask, message, f"messages[{index}]")
    ask.prompt_tokens += prompt_tokens(characters) + TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_PROMPT


def _read_message(ask: Ask, message: Any, where: str) -> int:
    if not isinstance(message, dict):
        raise wrong(where, "an object")
    role = message.get("role")
    if role is None:
        raise missing(f"{where}.role")
    if role not in _ROLES:
        text = f"Invalid value: '{role}'. Supported values are: {_ROLE_LIST}."
        raise WireError(400, text, f"{where}.role", "invalid_value")
    content = message.get("content")
    if content is None and role != "assistant":
        raise missing(f"{where}.content")
    text = _content_text(ask, content, f"{where}.content")
    characters = len(text) + _call_characters(message)
    text, directives = take_directives(text)
    ask.directives |= directives
    if role == "user":
        ask.prompt, ask.tool_result = text, None
    elif role in {"tool", "function"}:
        ask.tool_result = text
    return characters


def _call_characters(message: dict[str, Any]) -> int:
    calls = message.get("tool_calls")
    return len(msgspec.json.encode(calls)) if calls else 0


def _content_text(ask: Ask, content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong(where, "one of an array of objects or string")
    return "\n".join(_part_text(ask, part, f"{where}[{index}]") for index, part in enumerate(content))


def _part_text(ask: Ask, part: Any, where: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind is None:
        raise missing(f"{where}.type")
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise missing(f"{where}.text")
        return str(part["text"])
    if kind == "refusal":
        return str(part.get("refusal", ""))
    if kind == "image_url":
        _read_image(ask, part.get("image_url"), where)
        return ""
    text = f"Invalid value: '{kind}'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', and 'file'."
    raise WireError(400, text, where, "invalid_value")


def _read_image(ask: Ask, image: Any, where: str) -> None:
    url = image.get("url") if isinstance(image, dict) else None
    read_image(ask, url, f"{where}.image_url.url", low=isinstance(image, dict) and image.get("detail") == "low")


def _read_limits(ask: Ask, data: dict[str, Any]) -> None:
    if data.get("max_tokens") is not None and is_reasoning(ask.model):
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise WireError(400, text, "max_tokens", "unsupported_parameter")
    for name in ("max_tokens", "max_completion_tokens"):
        ask.max_tokens = whole(data, name) or ask.max_tokens
    ask.choices = whole(data, "n", _MOST_CHOICES) or 1
    stop = data.get("stop")
    ask.stops = (stop,) if isinstance(stop, str) else tuple(str(one) for one in stop or ())
    options = data.get("stream_options")
    ask.include_usage = isinstance(options, dict) and options.get("include_usage") is True
    if options is not None and not ask.stream:
        text = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise WireError(400, text, "stream_options")
    temperature = data.get("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature <= 2:
        text = f"Invalid 'temperature': expected a value between 0 and 2, but got {temperature} instead."
        raise WireError(400, text, "temperature", "decimal_above_max_value")


def _read_tools(ask: Ask, data: dict[str, Any]) -> None:
    tools = data.get("tools")
    if not tools:
        return
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise missing(f"tools[{index}].function.name")
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        ask.tools.append(ToolOffer(function["name"], schema, str(function.get("description") or "")))
    ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(tools))) + TOKENS_PER_TOOL_PROMPT
    ask.parallel_tools = data.get("parallel_tool_calls") is not False
    choice = data.get("tool_choice")
    choose(ask, choice, _named_function(choice))


def _named_function(choice: Any) -> Any:
    function = choice.get("function") if isinstance(choice, dict) else None
    return function.get("name") if isinstance(function, dict) else None


def _read_format(ask: Ask, wanted: Any) -> None:
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        ask.json_object = True
    elif kind == "json_schema":
        outer = wanted.get("json_schema")
        if not isinstance(outer, dict) or not isinstance(outer.get("name"), str):
            raise missing("response_format.json_schema.name")
        ask.schema = outer.get("schema") or {"type": "object", "properties": {}}
        ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(ask.schema)))
    elif kind != "text":
        text = f"Invalid value: '{kind}'. Supported values are: 'json_object', 'json_schema', and 'text'."
        raise WireError(400, text, "response_format.type", "invalid_value")

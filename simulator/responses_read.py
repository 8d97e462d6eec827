"""Reads requests to OpenAI's Responses, refusing what OpenAI refuses in OpenAI's words."""

from typing import Any, Final

import msgspec

from simulator.ask import Ask, ToolOffer, take_directives
from simulator.models import is_reasoning
from simulator.openai_fields import (
    check_context,
    choose,
    decoded,
    missing,
    opened,
    read_image,
    unsupported,
    whole,
    wrong,
)
from simulator.tokens import TOKENS_PER_MESSAGE, TOKENS_PER_PROMPT, TOKENS_PER_TOOL_PROMPT, prompt_tokens
from simulator.vendor_errors import WireError

_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
_TEXTS: Final = frozenset({"input_text", "output_text", "text"})
_LEAST_OUTPUT: Final = 16


def read_response(body: bytes) -> tuple[Ask, dict[str, Any]]:
    """Return the request, and its fields for the answer to repeat; raises WireError as OpenAI would answer it."""
    data = decoded(body)
    ask = opened(data)
    _refuse_unknown(data)
    characters = _read_text(ask, str(data.get("instructions") or ""))[1]
    _read_input(ask, data.get("input"), characters)
    ask.max_tokens = whole(data, "max_output_tokens", least=_LEAST_OUTPUT)
    _read_tools(ask, data)
    _read_format(ask, data.get("text"))
    _read_reasoning(ask, data.get("reasoning"))
    check_context(ask, "input")
    return ask, data


def _refuse_unknown(data: dict[str, Any]) -> None:
    named = data.get("previous_response_id")
    if named is not None:
        text = f"Previous response with id '{named}' not found."
        raise WireError(400, text, "previous_response_id", "previous_response_not_found")
    temperature = data.get("temperature")
    if temperature is not None and is_reasoning(str(data["model"])):
        raise unsupported("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature <= 2:
        text = f"Invalid 'temperature': expected a value between 0 and 2, but got {temperature} instead."
        raise WireError(400, text, "temperature", "decimal_above_max_value")


def _read_text(ask: Ask, text: str) -> tuple[str, int]:
    """Return the text without its directives, which are noted, and its length with them."""
    plain, directives = take_directives(text)
    ask.directives |= directives
    return plain, len(text)


def _read_input(ask: Ask, given: Any, characters: int) -> None:
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise wrong("input", "one of a string or an array of input items")
    for index, item in enumerate(given):
        characters += _read_item(ask, item, f"input[{index}]")
    ask.prompt_tokens += prompt_tokens(characters) + TOKENS_PER_MESSAGE * len(given) + TOKENS_PER_PROMPT


def _read_item(ask: Ask, item: Any, where: str) -> int:
    if not isinstance(item, dict):
        raise wrong(where, "an input item")
    kind = item.get("type", "message")
    if kind == "message":
        return _read_message(ask, item, where)
    if kind == "function_call":
        return len(str(item.get("name"))) + len(str(item.get("arguments")))
    if kind == "function_call_output":
        output = item.get("output")
        ask.tool_result = output if isinstance(output, str) else _content_text(ask, output, f"{where}.output")
        return len(ask.tool_result)
    if kind == "reasoning":
        return len(item.get("encrypted_content") or "") + sum(len(str(each)) for each in item.get("summary") or ())
    if kind == "item_reference":
        raise WireError(404, f"Item with id '{item.get('id')}' not found.", where)
    raise WireError(400, f"Invalid value: '{kind}'.", where, "invalid_value")


def _read_message(ask: Ask, message: dict[str, Any], where: str) -> int:
    role = message.get("role")
    if role is None:
        raise missing(f"{where}.role")
    if role not in _ROLES:
        text = f"Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
        raise WireError(400, text, f"{where}.role", "invalid_value")
    if message.get("content") is None:
        raise missing(f"{where}.content")
    text, characters = _read_text(ask, _content_text(ask, message["content"], f"{where}.content"))
    if role == "user":
        ask.prompt, ask.tool_result = text, None
    return characters


def _content_text(ask: Ask, content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong(where, "one of an array of objects or string")
    return "\n".join(_part_text(ask, part, f"{where}[{index}]") for index, part in enumerate(content))


def _part_text(ask: Ask, part: Any, where: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind is None:
        raise missing(f"{where}.type")
    if kind in _TEXTS:
        if not isinstance(part.get("text"), str):
            raise missing(f"{where}.text")
        return str(part["text"])
    if kind == "refusal":
        return str(part.get("refusal", ""))
    if kind == "input_image":
        read_image(ask, part.get("image_url"), f"{where}.image_url", low=part.get("detail") == "low")
        return ""
    text = f"Invalid value: '{kind}'. Supported values are: 'input_text', 'input_image', 'output_text', and 'refusal'."
    raise WireError(400, text, f"{where}.type", "invalid_value")


def _read_tools(ask: Ask, data: dict[str, Any]) -> None:
    tools = data.get("tools")
    if not tools:
        return
    for index, tool in enumerate(tools):
        if not isinstance(tool, dict) or tool.get("type") is None:
            raise missing(f"tools[{index}].type")
        if tool["type"] != "function":
            continue
        if not isinstance(tool.get("name"), str):
            raise missing(f"tools[{index}].name")
        schema = tool.get("parameters") or {"type": "object", "properties": {}}
        ask.tools.append(ToolOffer(tool["name"], schema, str(tool.get("description") or "")))
    ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(tools))) + TOKENS_PER_TOOL_PROMPT
    ask.parallel_tools = data.get("parallel_tool_calls") is not False
    choice = data.get("tool_choice")
    choose(ask, choice, choice.get("name") if isinstance(choice, dict) else None)


def _read_format(ask: Ask, text: Any) -> None:
    wanted = text.get("format") if isinstance(text, dict) else None
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        ask.json_object = True
    elif kind == "json_schema":
        if not isinstance(wanted.get("name"), str):
            raise missing("text.format.name")
        ask.schema = wanted.get("schema") or {"type": "object", "properties": {}}
        ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(ask.schema)))
    elif kind != "text":
        words = f"Invalid value: '{kind}'. Supported values are: 'json_object', 'json_schema', and 'text'."
        raise WireError(400, words, "text.format.type", "invalid_value")


def _read_reasoning(ask: Ask, reasoning: Any) -> None:
    if not isinstance(reasoning, dict):
        return
    for name in ("effort", "summary"):
        if reasoning.get(name) is not None and not is_reasoning(ask.model):
            raise unsupported(f"reasoning.{name}")
    ask.thinking = reasoning.get("summary") is not None

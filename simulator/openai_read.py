"""Reads OpenAI chat completion requests, refusing what OpenAI refuses in OpenAI's words."""

from typing import Any, Final

import msgspec

from simulator.ask import Ask, ToolChoice, ToolOffer, take_directives
from simulator.models import CONTEXT_TOKENS, dated_name, is_reasoning
from simulator.tokens import (
    OPENAI_IMAGE_TOKENS,
    OPENAI_LOW_DETAIL_TOKENS,
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
    data = _decoded(body)
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise WireError(400, "you must provide a model parameter")
    dated = dated_name("openai", model)
    if dated is None:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise WireError(404, message, code="model_not_found")
    ask = Ask("openai", model, dated, stream=data.get("stream") is True)
    _read_messages(ask, data.get("messages"))
    _read_limits(ask, data)
    _read_tools(ask, data)
    _read_format(ask, data.get("response_format"))
    _check_context(ask)
    return ask


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        data = None
    if not isinstance(data, dict):
        raise WireError(400, "We could not parse the JSON body of your request.")
    return data


def _missing(param: str) -> WireError:
    return WireError(400, f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def _wrong(param: str, wanted: str, code: str = "invalid_type") -> WireError:
    return WireError(400, f"Invalid type for '{param}': expected {wanted}.", param, code)


def _read_messages(ask: Ask, messages: Any) -> None:
    if messages is None:
        raise _missing("messages")
    if not isinstance(messages, list):
        raise _wrong("messages", "an array of objects")
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
        raise _wrong(where, "an object")
    role = message.get("role")
    if role is None:
        raise _missing(f"{where}.role")
    if role not in _ROLES:
        text = f"Invalid value: '{role}'. Supported values are: {_ROLE_LIST}."
        raise WireError(400, text, f"{where}.role", "invalid_value")
    content = message.get("content")
    if content is None and role != "assistant":
        raise _missing(f"{where}.content")
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
        raise _wrong(where, "one of an array of objects or string")
    return "\n".join(_part_text(ask, part, f"{where}[{index}]") for index, part in enumerate(content))


def _part_text(ask: Ask, part: Any, where: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind is None:
        raise _missing(f"{where}.type")
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise _missing(f"{where}.text")
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
    if not isinstance(url, str):
        raise _missing(f"{where}.image_url.url")
    if not (url.startswith(("https://", "http://")) or (url.startswith("data:image/") and ";base64," in url)):
        raise WireError(
            400, "Invalid image URL: expected a https or data URL.", f"{where}.image_url.url", "invalid_image_url"
        )
    ask.images += 1
    ask.prompt_tokens += OPENAI_LOW_DETAIL_TOKENS if image.get("detail") == "low" else OPENAI_IMAGE_TOKENS


def _read_limits(ask: Ask, data: dict[str, Any]) -> None:
    if data.get("max_tokens") is not None and is_reasoning(ask.model):
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise WireError(400, text, "max_tokens", "unsupported_parameter")
    for name in ("max_tokens", "max_completion_tokens"):
        ask.max_tokens = _whole(data, name) or ask.max_tokens
    ask.choices = _whole(data, "n", _MOST_CHOICES) or 1
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


def _whole(data: dict[str, Any], name: str, most: int = 1_000_000) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, "an integer")
    if value < 1:
        text = f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {value} instead."
        raise WireError(400, text, name, "integer_below_min_value")
    if value > most:
        text = f"Invalid '{name}': integer above maximum value. Expected a value <= {most}, but got {value} instead."
        raise WireError(400, text, name, "integer_above_max_value")
    return value


def _read_tools(ask: Ask, data: dict[str, Any]) -> None:
    tools = data.get("tools")
    if not tools:
        return
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise _missing(f"tools[{index}].function.name")
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        ask.tools.append(ToolOffer(function["name"], schema, str(function.get("description") or "")))
    ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(tools))) + TOKENS_PER_TOOL_PROMPT
    ask.parallel_tools = data.get("parallel_tool_calls") is not False
    ask.tool_choice, ask.forced_tool = _choice(ask, data.get("tool_choice"))


def _choice(ask: Ask, choice: Any) -> tuple[ToolChoice, str]:
    if choice in {None, "auto"} if not isinstance(choice, dict) else False:
        return "auto", ""
    if choice == "none":
        return "none", ""
    if choice == "required":
        return "required", ""
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if name in {offer.name for offer in ask.tools}:
        return "forced", str(name)
    raise WireError(400, f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _read_format(ask: Ask, wanted: Any) -> None:
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        ask.json_object = True
    elif kind == "json_schema":
        outer = wanted.get("json_schema")
        if not isinstance(outer, dict) or not isinstance(outer.get("name"), str):
            raise _missing("response_format.json_schema.name")
        ask.schema = outer.get("schema") or {"type": "object", "properties": {}}
        ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(ask.schema)))
    elif kind != "text":
        text = f"Invalid value: '{kind}'. Supported values are: 'json_object', 'json_schema', and 'text'."
        raise WireError(400, text, "response_format.type", "invalid_value")


def _check_context(ask: Ask) -> None:
    limit = CONTEXT_TOKENS["openai"]
    if ask.prompt_tokens > limit:
        text = (
            f"This model's maximum context length is {limit} tokens. However, your messages resulted in "
            f"{ask.prompt_tokens} tokens. Please reduce the length of the messages."
        )
        raise WireError(400, text, "messages", "context_length_exceeded")

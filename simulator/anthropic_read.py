"""Reads Anthropic message requests, refusing what Anthropic refuses in Anthropic's words."""

from typing import Any, Final

import msgspec

from simulator.ask import Ask, ToolChoice, ToolOffer, take_directives
from simulator.models import CONTEXT_TOKENS, dated_name
from simulator.tokens import (
    ANTHROPIC_IMAGE_TOKENS,
    TOKENS_PER_MESSAGE,
    TOKENS_PER_PROMPT,
    TOKENS_PER_TOOL_PROMPT,
    prompt_tokens,
)
from simulator.vendor_errors import WireError

_IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_SILENT_BLOCKS: Final = frozenset({"thinking", "redacted_thinking", "server_tool_use"})


def read_messages(body: bytes, counting: bool = False) -> Ask:
    """Return the request, or raise WireError as Anthropic would answer it; counting needs no max_tokens."""
    data = _decoded(body)
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise _bad("model: Field required")
    dated = dated_name("anthropic", model)
    if dated is None:
        raise WireError(404, f"model: {model}", type="not_found_error", headers={"x-should-retry": "false"})
    ask = Ask("anthropic", model, dated, stream=data.get("stream") is True)
    _read_limits(ask, data, counting)
    characters = len(_blocks_text(ask, data.get("system"), "system")) if data.get("system") else 0
    _read_turns(ask, data.get("messages"), characters)
    _read_tools(ask, data)
    _read_format(ask, data)
    limit = CONTEXT_TOKENS["anthropic"]
    if ask.prompt_tokens > limit:
        raise _bad(f"prompt is too long: {ask.prompt_tokens} tokens > {limit} maximum")
    return ask


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        data = None
    if not isinstance(data, dict):
        raise _bad("The request body is not valid JSON")
    return data


def _bad(message: str) -> WireError:
    return WireError(400, message, headers={"x-should-retry": "false"})


def _read_limits(ask: Ask, data: dict[str, Any], counting: bool) -> None:
    limit = data.get("max_tokens")
    if limit is None and not counting:
        raise _bad("max_tokens: Field required")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
        raise _bad("max_tokens: Input should be a valid integer")
    if limit is not None and limit < 1:
        raise _bad("max_tokens: Input should be greater than or equal to 1")
    ask.max_tokens = limit
    ask.stops = tuple(str(stop) for stop in data.get("stop_sequences") or ())
    temperature = data.get("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature <= 1:
        raise _bad("temperature: range: 0..1")
    thinking = data.get("thinking")
    ask.thinking = isinstance(thinking, dict) and thinking.get("type") in {"enabled", "adaptive"}


def _read_turns(ask: Ask, messages: Any, characters: int) -> None:
    if messages is None:
        raise _bad("messages: Field required")
    if not isinstance(messages, list):
        raise _bad("messages: Input should be a valid list")
    if not messages:
        raise _bad("messages: at least one message is required")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in {"user", "assistant"}:
            raise _bad(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if message.get("content") is None:
            raise _bad(f"messages.{index}.content: Field required")
        if message["role"] == "user":
            ask.tool_result = None
        text = _blocks_text(ask, message["content"], f"messages.{index}.content")
        characters += len(text)
        if message["role"] == "user" and (text or ask.tool_result is None):
            ask.prompt = take_directives(text)[0]
    ask.prompt_tokens += prompt_tokens(characters) + TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_PROMPT


def _blocks_text(ask: Ask, content: Any, where: str) -> str:
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        parts = [_block_text(ask, block, f"{where}.{index}") for index, block in enumerate(content)]
        text = "\n".join(part for part in parts if part)
    else:
        raise _bad(f"{where}: Input should be a valid string or list")
    ask.directives |= take_directives(text)[1]
    return text


def _block_text(ask: Ask, block: Any, where: str) -> str:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        if not isinstance(block.get("text"), str):
            raise _bad(f"{where}.text: Field required")
        return str(block["text"])
    if kind == "image":
        _read_image(ask, block.get("source"), where)
        return ""
    if kind == "tool_result":
        result = block.get("content")
        ask.tool_result = _blocks_text(ask, result, f"{where}.content") if result else ""
        ask.prompt_tokens += prompt_tokens(len(ask.tool_result))
        return ""
    if kind == "tool_use":
        ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(block.get("input"))))
        return ""
    if kind == "document":
        ask.prompt_tokens += ANTHROPIC_IMAGE_TOKENS
        return ""
    if kind in _SILENT_BLOCKS or (isinstance(kind, str) and kind.endswith("_tool_result")):
        return ""
    raise _bad(f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags")


def _read_image(ask: Ask, source: Any, where: str) -> None:
    kind = source.get("type") if isinstance(source, dict) else None
    if kind == "base64":
        if source.get("media_type") not in _IMAGE_TYPES or not isinstance(source.get("data"), str):
            wanted = "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
            raise _bad(f"{where}.image.source.base64.media_type: Input should be {wanted}")
    elif kind == "url":
        if not str(source.get("url", "")).startswith(("https://", "http://")):
            raise _bad(f"{where}.image.source.url.url: Only HTTPS URLs are supported.")
    elif kind != "file":
        raise _bad(
            f"{where}.image.source: Input tag '{kind}' does not match any of the expected tags: 'base64', 'url', 'file'"
        )
    ask.images += 1
    ask.prompt_tokens += ANTHROPIC_IMAGE_TOKENS


def _read_tools(ask: Ask, data: dict[str, Any]) -> None:
    tools = data.get("tools")
    if not tools:
        return
    for index, tool in enumerate(tools):
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise _bad(f"tools.{index}.name: Field required")
        if "input_schema" in tool:
            ask.tools.append(ToolOffer(tool["name"], tool["input_schema"], str(tool.get("description") or "")))
    ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(tools))) + TOKENS_PER_TOOL_PROMPT
    choice = data.get("tool_choice") or {"type": "auto"}
    if not isinstance(choice, dict):
        raise _bad("tool_choice: Input should be a valid dictionary or object")
    ask.parallel_tools = choice.get("disable_parallel_tool_use") is not True
    ask.tool_choice, ask.forced_tool = _choice(ask, choice)


def _choice(ask: Ask, choice: dict[str, Any]) -> tuple[ToolChoice, str]:
    kind = choice.get("type")
    if kind == "auto":
        return "auto", ""
    if kind == "none":
        return "none", ""
    if kind == "any":
        return "required", ""
    name = choice.get("name")
    if kind == "tool" and name in {offer.name for offer in ask.tools}:
        return "forced", str(name)
    raise _bad(f"tool_choice: Tool '{name}' not found in provided tools")


def _read_format(ask: Ask, data: dict[str, Any]) -> None:
    config = data.get("output_config")
    wanted = data.get("output_format") or (config.get("format") if isinstance(config, dict) else None)
    if wanted is None:
        return
    if (
        not isinstance(wanted, dict)
        or wanted.get("type") != "json_schema"
        or not isinstance(wanted.get("schema"), dict)
    ):
        raise _bad("output_config.format: Input should be a json_schema with a schema")
    ask.schema = wanted["schema"]
    ask.prompt_tokens += prompt_tokens(len(msgspec.json.encode(ask.schema)))

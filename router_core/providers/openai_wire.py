"""Builds the body of an OpenAI chat completion; pure functions."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from router_core.errors.provider_errors import RequestRefusedError
from router_core.tools.formats import choice_to_openai, to_openai, wire_id
from router_core.types import (
    ImagePart,
    LLMRequest,
    Message,
    ProviderCall,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    TunedRequest,
)

__all__ = ["CHAT_PATH", "limit_name", "request_body", "request_fields"]

CHAT_PATH = "/chat/completions"
_NEEDS_COMPLETION_TOKENS = re.compile(r"^(ft:)?(o\d|gpt-[5-9]|gpt-\d\d)")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_MAX_NAME = 64
# What every model that reasons takes.
_EFFORTS = {"minimal": "low", "xhigh": "high", "max": "high"}


def limit_name(model: str) -> str:
    """Return what ``model`` calls the most tokens that it may write."""
    return "max_completion_tokens" if _NEEDS_COMPLETION_TOKENS.match(model) else "max_tokens"


def request_body(call: ProviderCall, *, stream: bool) -> bytes:
    """Return the JSON body for ``call``. Raises :class:`RequestRefusedError` for what the protocol cannot say."""
    return msgspec.json.encode(request_fields(call, stream=stream))


def request_fields(call: ProviderCall, *, stream: bool) -> dict[str, Any]:
    """Return the fields of the body for ``call``, ready to be encoded."""
    request, provider = call.request, call.provider
    fields: dict[str, Any] = {"model": provider.model, "messages": _messages(request, provider.name)}
    fields[limit_name(provider.model)] = call.max_tokens
    if request.temperature is not None and provider.capabilities.max_temperature is not None:
        fields["temperature"] = request.temperature
    if request.tools:
        fields["tools"] = to_openai(request.tools)
        if request.tool_choice is not None:
            fields["tool_choice"] = choice_to_openai(request.tool_choice)
    if request.response_format is not None:
        schema = request.response_format.schema
        name = _NOT_IN_A_NAME.sub("_", request.response_format.name)[:_MAX_NAME]
        shape = {"name": name, "schema": schema, "strict": _permits_strict(schema)}
        fields["response_format"] = {"type": "json_schema", "json_schema": shape}
    if isinstance(request, TunedRequest):
        fields.update(_tuning(request, provider.model))
    if stream:
        fields["stream"] = True
        fields["stream_options"] = {"include_usage": True}
    return fields


def _tuning(request: TunedRequest, model: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if request.stop:
        fields["stop"] = list(request.stop)
    if request.top_p is not None:
        fields["top_p"] = request.top_p
    if request.tools and not request.parallel_tools:
        fields["parallel_tool_calls"] = False
    if request.effort is not None and limit_name(model) != "max_tokens":
        fields["reasoning_effort"] = _EFFORTS.get(request.effort, request.effort)
    return fields


def _messages(request: LLMRequest, provider: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.system_prompt:
        messages.append({"role": "system", "content": request.system_prompt})
    if request.prompt is not None:
        messages.append({"role": "user", "content": request.prompt})
    for message in request.messages or ():
        messages.extend(_turns(message, provider))
    if request.images:
        _add_images(messages, request.images)
    return messages


def _turns(message: Message, provider: str) -> Iterable[dict[str, Any]]:
    content = message.content
    if isinstance(content, str):
        return ({"role": message.role, "content": content},)
    results = [_tool_result(part) for part in content if isinstance(part, ToolResultPart)]
    # Nobody but who signed them reads a model's thoughts again.
    rest = [part for part in content if not isinstance(part, ToolResultPart | ReasoningPart)]
    if not rest:
        return results
    if message.role == "assistant":
        return (_assistant_turn(rest, provider),)
    if any(isinstance(part, ToolCallPart) for part in rest):
        raise RequestRefusedError(f"A {message.role} message cannot carry a tool call", provider=provider)
    if message.role == "user":
        return (*results, {"role": "user", "content": [_content(part) for part in rest]})
    return (*results, {"role": message.role, "content": _plain_text(rest, message.role, provider)})


def _assistant_turn(parts: list[Any], provider: str) -> dict[str, Any]:
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    text = _plain_text([part for part in parts if not isinstance(part, ToolCallPart)], "assistant", provider)
    turn: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None}
    if calls:
        turn["tool_calls"] = [
            {
                "id": wire_id(part.tool_call_id),
                "type": "function",
                "function": {"name": part.tool_name, "arguments": msgspec.json.encode(part.args).decode()},
            }
            for part in calls
        ]
    return turn


def _plain_text(parts: list[Any], role: str, provider: str) -> str:
    if any(isinstance(part, ImagePart) for part in parts):
        raise RequestRefusedError(f"A message of role {role} cannot carry an image", provider=provider)
    return "".join(part.text for part in parts)


def _content(part: Any) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": part.image}}


def _tool_result(part: ToolResultPart) -> dict[str, Any]:
    result = part.result if isinstance(part.result, str) else msgspec.json.encode(part.result).decode()
    # The protocol has no place for a failure but the text itself.
    content = f"Error: {result}" if part.is_error else result
    return {"role": "tool", "tool_call_id": wire_id(part.tool_call_id), "content": content}


def _add_images(messages: list[dict[str, Any]], images: tuple[str, ...]) -> None:
    pictures = [{"type": "image_url", "image_url": {"url": image}} for image in images]
    for turn in reversed(messages):
        if turn["role"] == "user":
            content = turn["content"]
            before = [{"type": "text", "text": content}] if isinstance(content, str) else content
            turn["content"] = [*before, *pictures]
            return
    messages.append({"role": "user", "content": pictures})


def _permits_strict(schema: Any) -> bool:
    """Say whether every object of ``schema`` is closed and requires all its properties, as strict mode demands."""
    if isinstance(schema, list):
        return all(_permits_strict(entry) for entry in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        listed = isinstance(required, list) and all(name in required for name in properties)
        if not listed or schema.get("additionalProperties") is not False:
            return False
    return all(_permits_strict(value) for value in schema.values())

"""Builds the body of an Anthropic message request; pure functions."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from router_core.errors.provider_errors import RequestRefusedError
from router_core.providers.anthropic_thinking import thinking_fields
from router_core.tools.formats import choice_to_anthropic, to_anthropic, wire_id
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

__all__ = ["COUNT_PATH", "MESSAGES_PATH", "SchemaShaper", "request_body", "request_fields"]

MESSAGES_PATH = "/v1/messages"
COUNT_PATH = "/v1/messages/count_tokens"
SchemaShaper = Callable[[dict[str, Any]], dict[str, Any]]
_DATA_URL = re.compile(r"data:(?P<media>[\w.+-]+/[\w.+-]+)(?:;[^,;]*)*;base64,", re.IGNORECASE)


def request_body(call: ProviderCall, shape_schema: SchemaShaper, *, stream: bool) -> bytes:
    """Return the JSON body for ``call``. Raises :class:`RequestRefusedError` for what the protocol cannot say.

    ``shape_schema`` turns a JSON schema into the dialect that the vendor's structured outputs accept.
    """
    return msgspec.json.encode(request_fields(call, shape_schema, stream=stream))


def request_fields(call: ProviderCall, shape_schema: SchemaShaper, *, stream: bool) -> dict[str, Any]:
    """Return the fields of the body for ``call``, ready to be encoded."""
    request, provider = call.request, call.provider
    system, messages = _conversation(request, provider.name)
    fields: dict[str, Any] = {"model": provider.model, "max_tokens": call.max_tokens, "messages": messages}
    if system:
        fields["system"] = system
    if request.temperature is not None and provider.capabilities.max_temperature is not None:
        fields["temperature"] = request.temperature
    if request.tools:
        fields["tools"] = to_anthropic(request.tools)
        choice = _choice(request)
        if choice is not None:
            fields["tool_choice"] = choice
    if request.response_format is not None:
        shape = {"type": "json_schema", "schema": shape_schema(request.response_format.schema)}
        fields["output_config"] = {"format": shape}
    if isinstance(request, TunedRequest):
        _tune(fields, request, call)
    if stream:
        fields["stream"] = True
    return fields


def _tune(fields: dict[str, Any], request: TunedRequest, call: ProviderCall) -> None:
    if request.stop:
        fields["stop_sequences"] = list(request.stop)
    thinking = thinking_fields(request, call.provider.model, call.max_tokens)
    if thinking:
        # A model that thinks is not told how to draw its words.
        fields.pop("temperature", None)
        shape = fields.get("output_config", {})
        fields |= thinking
        if shape:
            fields["output_config"] = {**thinking.get("output_config", {}), **shape}
    elif request.top_p is not None and "temperature" not in fields:
        # The vendor's newer models take one of the two.
        fields["top_p"] = request.top_p


def _choice(request: LLMRequest) -> dict[str, Any] | None:
    choice = None if request.tool_choice is None else choice_to_anthropic(request.tool_choice)
    if not isinstance(request, TunedRequest) or request.parallel_tools or request.tool_choice == "none":
        return choice
    return {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}


def _conversation(request: LLMRequest, provider: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the system prompt and the turns; neighbours of one role are merged, as the vendor wants them."""
    system = [request.system_prompt] if request.system_prompt else []
    turns: list[dict[str, Any]] = []
    if request.prompt is not None:
        turns.append({"role": "user", "content": request.prompt})
    for message in request.messages or ():
        if message.role == "system":
            system.append(_system_text(message, provider))
        else:
            _append(turns, "assistant" if message.role == "assistant" else "user", _content(message, provider))
    if request.images:
        _add_images(turns, [_image(image, provider) for image in request.images])
    return "\n\n".join(text for text in system if text.strip()), turns


def _append(turns: list[dict[str, Any]], role: str, content: str | list[dict[str, Any]]) -> None:
    # Blank texts, here and among blocks, are refused by the vendor.
    if not content or (isinstance(content, str) and not content.strip()):
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] = [*_blocks(turns[-1]["content"]), *_blocks(content)]
    else:
        turns.append({"role": role, "content": content})


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _content(message: Message, provider: str) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str):
        return message.content
    # Results come first in a turn: the vendor refuses a tool call that is not answered at once.
    parts = sorted(message.content, key=lambda part: not isinstance(part, ToolResultPart))
    return list(_part_blocks(parts, message.role, provider))


def _part_blocks(parts: Iterable[Any], role: str, provider: str) -> Iterable[dict[str, Any]]:
    for part in parts:
        if isinstance(part, TextPart):
            if part.text.strip():
                yield {"type": "text", "text": part.text}
        elif isinstance(part, ImagePart):
            if role == "assistant":
                raise RequestRefusedError("A message of role assistant cannot carry an image", provider=provider)
            yield _image(part.image, provider)
        elif isinstance(part, ToolCallPart):
            if role != "assistant":
                raise RequestRefusedError(f"A {role} message cannot carry a tool call", provider=provider)
            yield {"type": "tool_use", "id": wire_id(part.tool_call_id), "name": part.tool_name, "input": part.args}
        elif isinstance(part, ReasoningPart):
            yield from _thoughts(part)
        else:
            yield _tool_result(part)


def _thoughts(part: ReasoningPart) -> Iterable[dict[str, Any]]:
    """Yield the block that the vendor signed, nothing for thoughts that it did not: it would refuse them."""
    if part.data:
        yield {"type": "redacted_thinking", "data": part.data}
    elif part.signature:
        yield {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _tool_result(part: ToolResultPart) -> dict[str, Any]:
    result = part.result if isinstance(part.result, str) else msgspec.json.encode(part.result).decode()
    block = {"type": "tool_result", "tool_use_id": wire_id(part.tool_call_id), "content": result}
    return {**block, "is_error": True} if part.is_error else block


def _system_text(message: Message, provider: str) -> str:
    if isinstance(message.content, str):
        return message.content
    if not all(isinstance(part, TextPart) for part in message.content):
        raise RequestRefusedError("A message of role system carries text only", provider=provider)
    return "".join(part.text for part in message.content if isinstance(part, TextPart))


def _image(url: str, provider: str) -> dict[str, Any]:
    if not url.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    found = _DATA_URL.match(url)
    if found is None:
        raise RequestRefusedError("An image is no base64 data URL", provider=provider)
    source = {"type": "base64", "media_type": found["media"].lower(), "data": url[found.end() :]}
    return {"type": "image", "source": source}


def _add_images(turns: list[dict[str, Any]], images: list[dict[str, Any]]) -> None:
    for turn in reversed(turns):
        if turn["role"] == "user":
            turn["content"] = [*_blocks(turn["content"]), *images]
            return
    turns.append({"role": "user", "content": images})

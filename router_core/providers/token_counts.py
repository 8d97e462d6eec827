"""Turns a provider's usage figures into disjoint classes, or counts by text length where they are of no use."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from router_core.providers.failures import UnreadableAnswerError, UnusableCallError
from router_core.types import (
    ImagePart,
    LLMRequest,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    Usage,
)

__all__ = ["MAX_TOKENS", "checked_usage", "estimated_usage", "read_count", "too_deep"]

MAX_TOKENS = 1_000_000_000
_CHARS_PER_TOKEN = 4
_TOKENS_PER_IMAGE = 1_000


class _Count(Struct):
    input_tokens: Annotated[int, Meta(ge=0, le=MAX_TOKENS)]


_decode_count = msgspec.json.Decoder(_Count).decode


def read_count(body: bytes) -> int:
    """Return the tokens that a vendor counted. Raises :class:`UnreadableAnswerError` for what is no count."""
    try:
        return _decode_count(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableAnswerError("The provider's answer is not a count of tokens") from None


def checked_usage(
    *,
    input_tokens: int,
    output_tokens: int,
    cache_read: int = 0,
    cache_write: int = 0,
    cache_write_1h: int = 0,
    reasoning: int = 0,
    images: int = 0,
) -> Usage | None:
    """Return the usage, or None when a class is negative or absurdly large."""
    classes = (input_tokens, output_tokens, cache_read, cache_write, cache_write_1h, reasoning, images)
    if any(count < 0 or count > MAX_TOKENS for count in classes):
        return None
    return Usage(
        input_tokens=input_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        cache_write_1h_tokens=cache_write_1h,
        output_tokens=output_tokens,
        reasoning_tokens=reasoning,
        image_tokens=images,
    )


def too_deep(body: bytes, request: LLMRequest) -> UnusableCallError:
    """Return the fault of an answer nested deeper than we read, as only arguments of tool calls are; it took what its
    size says.
    """
    return UnusableCallError("The answer is nested too deep", estimated_usage(request, len(body)))


def estimated_usage(request: LLMRequest, output_chars: int, reasoning_chars: int = 0) -> Usage:
    """Return usage counted from the lengths of what was asked and answered, flagged as estimated."""
    asked = len(request.prompt or "") + len(request.system_prompt or "")
    asked += sum(_chars(part) for part in _parts(request.messages or ()))
    if request.tools:
        asked += len(msgspec.json.encode(request.tools))
    if request.response_format is not None:
        asked += len(msgspec.json.encode(request.response_format.schema))
    images = len(request.images) + sum(isinstance(part, ImagePart) for part in _parts(request.messages or ()))
    return Usage(
        input_tokens=_tokens(asked) + images * _TOKENS_PER_IMAGE,
        output_tokens=_tokens(output_chars),
        reasoning_tokens=_tokens(reasoning_chars),
        estimated=True,
    )


def _tokens(chars: int) -> int:
    return -(-chars // _CHARS_PER_TOKEN)


def _parts(messages: Iterable[Message]) -> Iterable[Any]:
    for message in messages:
        if isinstance(message.content, str):
            yield message.content
        else:
            yield from message.content


def _chars(part: Any) -> int:
    if isinstance(part, str):
        return len(part)
    if isinstance(part, TextPart | ReasoningPart):
        return len(part.text)
    if isinstance(part, ImagePart):
        return 0
    return len(msgspec.json.encode(part.args if isinstance(part, ToolCallPart) else part.result))

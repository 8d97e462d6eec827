"""What a request demands of a model, and what a provider that cannot give it lacks."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from router_core.selection.absence import Absence
from router_core.types import (
    ContentPart,
    ImagePart,
    LLMRequest,
    NativeProtocol,
    ProviderConfig,
    ProviderKind,
    ReasoningPart,
    RelayedRequest,
    Snapshot,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    embeds,
)

__all__ = ["Need", "estimate_input_tokens", "misfit", "need_of", "output_limit", "pictures_in"]

BYTES_PER_TOKEN = 4
JSON_BYTES_PER_TOKEN = 3
BYTES_PER_TOOL = 90
TOKENS_FOR_TOOLS = 346
TOKENS_PER_IMAGE = 800
TOKENS_PER_MESSAGE = 4
SPEAKERS: Mapping[NativeProtocol, ProviderKind] = MappingProxyType(
    {
        "openai-chat": "openai",
        "openai-responses": "openai",
        "openai-embeddings": "openai",
        "anthropic-messages": "anthropic",
    }
)


class Need(Struct, frozen=True):
    """What a request demands of a model; ``max_tokens`` is the longest answer that it asks for, None for any.

    ``only`` names what it says that providers of ``kind`` alone understand. Where it ``embeds``, nothing is written and
    what is read need not fit together: a request may hold many texts.
    """

    vision: bool
    tools: bool
    json_schema: bool
    temperature: float | None
    input_tokens: int
    max_tokens: int | None
    only: tuple[str, ...] = ()
    kind: ProviderKind | None = None
    embeds: bool = False


def estimate_input_tokens(request: LLMRequest) -> int:
    """Return an upper estimate of what the model will read: a token per four UTF-8 bytes of text and three of JSON, 800
    per image, and what vendors wrap tools in (346 tokens at Anthropic).
    """
    size = _size(request.prompt) + _size(request.system_prompt)
    turns, encoded, wrapped = 1, 0, 0
    for message in request.messages or ():
        turns += 1
        if isinstance(message.content, str):
            size += _size(message.content)
            continue
        for part in message.content:
            size += _text_size(part)
            encoded += _value_size(part)
    for name, tool in (request.tools or {}).items():
        wrapped = TOKENS_FOR_TOOLS
        encoded += _size(name) + _size(tool.description) + _json_size(tool.parameters) + BYTES_PER_TOOL
    if request.response_format is not None:
        encoded += _json_size(request.response_format.schema)
    tokens = size // BYTES_PER_TOKEN + -(-encoded // JSON_BYTES_PER_TOKEN) + wrapped
    unseen = request.native.unseen_tokens if isinstance(request, RelayedRequest) else 0
    return tokens + pictures_in(request) * TOKENS_PER_IMAGE + turns * TOKENS_PER_MESSAGE + unseen


def pictures_in(request: LLMRequest) -> int:
    """Return how many pictures a model is shown."""
    shown = len(request.images)
    for message in request.messages or ():
        if not isinstance(message.content, str):
            shown += sum(isinstance(part, ImagePart) for part in message.content)
    return shown


def _text_size(part: ContentPart) -> int:
    if isinstance(part, ReasoningPart):
        return _size(part.text) + len(part.data)
    return _size(part.text) if isinstance(part, TextPart) else 0


def _value_size(part: ContentPart) -> int:
    if isinstance(part, ToolCallPart):
        return _json_size(part.args)
    return _json_size(part.result) if isinstance(part, ToolResultPart) else 0


def _json_size(value: object) -> int:
    return len(msgspec.json.encode(value, enc_hook=str))


def _size(text: str | None) -> int:
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def need_of(request: LLMRequest) -> Need:
    """Return what ``request`` demands of a model."""
    native = request.native if isinstance(request, RelayedRequest) else None
    return Need(
        vision=pictures_in(request) > 0,
        tools=bool(request.tools),
        json_schema=request.response_format is not None,
        temperature=request.temperature,
        input_tokens=estimate_input_tokens(request),
        max_tokens=request.max_tokens,
        only=() if native is None else native.needs,
        kind=None if native is None else SPEAKERS[native.protocol],
        embeds=embeds(request),
    )


def output_limit(provider: ProviderConfig, need: Need) -> int:
    """Return the longest answer in tokens that ``provider`` may give, below 1 when the request does not fit, or only
    embeds.
    """
    if need.embeds:
        return 0
    room = provider.context_window - need.input_tokens
    return min(need.max_tokens or provider.max_tokens, provider.max_tokens, room)


def misfit(provider: ProviderConfig, need: Need, snapshot: Snapshot) -> Absence | None:
    """Say why ``provider`` may not serve ``need``, None when it may."""
    if not provider.is_active:
        return Absence("inactive", "switched off")
    if not snapshot.flags.allows(provider.kind):
        return Absence("flag_off", f"the feature flag for {provider.kind} is off")
    if need.only and provider.kind != need.kind:
        return Absence("protocol", f"knows no {', '.join(need.only)}")
    return _incapable(provider, need)


def _incapable(provider: ProviderConfig, need: Need) -> Absence | None:
    can = provider.capabilities
    if need.vision and not can.vision:
        return Absence("vision", "takes no images")
    if need.tools and not can.tools:
        return Absence("tools", "takes no tools")
    if need.json_schema and not can.json_schema:
        return Absence("json_schema", "cannot answer to a JSON schema")
    if need.temperature is not None and can.max_temperature is not None and need.temperature > can.max_temperature:
        return Absence("temperature", f"temperature is above {can.max_temperature:g}")
    if not need.embeds and output_limit(provider, need) < 1:
        return Absence("context", f"about {need.input_tokens} tokens, the model takes {provider.context_window}")
    return None

"""From the body of a request for a response to a :class:`RelayedRequest`.

What the protocol says of state at the vendor is refused by name: a vendor's key is that of many accounts, and whoever
has it reaches what lies there. So is what the vendor runs by itself, which costs what nobody here can charge or goes
where nobody here can look.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from router_core.api.openai_compatible.response_items import MAX_ITEMS, InputItem, ItemReader
from router_core.api.openai_compatible.shared_fields import (
    EFFORTS,
    JSON_BYTES_PER_TOKEN,
    NO_PRICE,
    SILENCE,
    TIERS,
    check_labels,
    check_own_tools,
    decoded,
    is_other_choice,
    labels,
    says_nothing,
)
from router_core.errors import ValidationError
from router_core.tools.formats import choice_from_openai, from_openai
from router_core.types import NativeRequest, RelayedRequest, ResponseFormat, ToolChoice, ToolFormat

__all__ = ["parse_response"]

MAX_TOOLS: Final = 128
_STATE: Final = "nothing is kept of earlier responses; send the items themselves"
_REFUSED: Final[Mapping[str, str]] = {
    "previous_response_id": _STATE,
    "conversation": _STATE,
    "background": "an answer is given while its client waits",
    "prompt": "prompts at the vendor are everybody's who has its key; send the text",
    "context_management": NO_PRICE,
    "moderation": NO_PRICE,
}
# What is passed on to the vendor beside what is read here; every other field stays here.
_PASSED_ON: Final = frozenset(
    {"input", "instructions", "temperature", "top_p", "tools", "tool_choice", "parallel_tool_calls", "text",
     "reasoning", "include", "metadata", "user", "service_tier", "top_logprobs", "truncation", "stream_options",
     "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}
)  # fmt: skip

_Limit = Annotated[int, Meta(ge=1, le=2**31 - 1)] | None


class _Format(Struct):
    type: Literal["text", "json_object", "json_schema"]
    name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    schema: dict[str, Any] | None = None


class _Text(Struct):
    format: _Format | None = None


class _Reasoning(Struct):
    effort: str | None = None


class _StreamOptions(Struct):
    include_obfuscation: bool | None = None


class _ResponseRequest(Struct):
    """The fields that mean something here."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | Annotated[list[InputItem], Meta(min_length=1, max_length=MAX_ITEMS)]
    instructions: str | None = None
    max_output_tokens: _Limit = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    store: bool | None = None
    tools: Annotated[list[dict[str, Any]], Meta(max_length=MAX_TOOLS)] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    include: Annotated[list[str], Meta(max_length=32)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None


_REQUEST: Final = msgspec.json.Decoder(_ResponseRequest)
_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_NOTHING: Final = (b"null", b"false")


def parse_response(body: bytes, _headers: Mapping[bytes, bytes]) -> RelayedRequest:
    """Return the request in ``body``. Raises :class:`ValidationError` with the first fault found."""
    asked, fields = decoded(body, _REQUEST)
    _check(asked, fields)
    given = [InputItem(role="user", content=asked.input)] if isinstance(asked.input, str) else asked.input
    items = ItemReader(given)
    if not items.messages and not items.needs:
        raise ValidationError("holds nothing to answer", field="input")
    tools, needs = _tools(asked)
    silence = (SILENCE,) if not items.needs and says_nothing(items.messages) else ()
    needs = (*dict.fromkeys(items.needs), *silence, *needs, *_needs(asked))
    return RelayedRequest(
        model_override=asked.model,
        messages=items.messages,
        system_prompt=asked.instructions or None,
        max_tokens=asked.max_output_tokens,
        temperature=asked.temperature,
        top_p=None if asked.top_p == 1 else asked.top_p,
        stream=bool(asked.stream),
        tools=tools or None,
        tool_choice=_choice(asked) if tools else None,
        parallel_tools=asked.parallel_tool_calls is not False,
        effort=None if asked.reasoning is None else EFFORTS.get(asked.reasoning.effort),
        response_format=_response_format(asked),
        metadata=labels(asked.metadata, asked.user),
        native=NativeRequest(
            protocol="openai-responses",
            fields=_passed_on(fields, items.dropped),
            needs=needs,
            tier=TIERS[asked.service_tier],
            unseen_tokens=items.unseen_tokens + _unseen(asked, fields),
            verbatim=bool(needs),
        ),
    )


def _check(asked: _ResponseRequest, fields: Mapping[str, Raw]) -> None:
    """Refuse what would break the walls between accounts, and what could not be charged rightly."""
    for name, reason in _REFUSED.items():
        if bytes(fields.get(name, b"null")) not in _NOTHING:
            raise ValidationError(reason, field=name)
    if asked.store:
        raise ValidationError("nothing is stored at the vendor", field="store")
    if asked.stream_options is not None and not asked.stream:
        raise ValidationError("is only for streams", field="stream_options")
    if asked.service_tier not in TIERS:
        raise ValidationError(NO_PRICE, field="service_tier")
    check_own_tools(asked.tools or ())
    check_labels(asked.metadata)


def _passed_on(fields: Mapping[str, Raw], dropped: list[int]) -> dict[str, Raw]:
    kept = {name: value for name, value in fields.items() if name in _PASSED_ON}
    if dropped:
        items = [item for place, item in enumerate(_ITEMS.decode(fields["input"])) if place not in dropped]
        kept["input"] = Raw(msgspec.json.encode(items))
    return kept


def _tools(asked: _ResponseRequest) -> tuple[dict[str, ToolFormat], tuple[str, ...]]:
    """Return the tools in our terms, and what is beyond them."""
    listed = asked.tools or []
    functions = [{"type": "function", "function": each} for each in listed if each.get("type") == "function"]
    needs = ("tools of type custom",) if len(functions) < len(listed) else ()
    try:
        return from_openai(functions), needs
    except ValidationError as error:
        field = (error.field or "tools").replace(".function", "")
        raise ValidationError(error.message, field=field) from None


def _choice(asked: _ResponseRequest) -> ToolChoice | None:
    choice = asked.tool_choice
    if choice is None or is_other_choice(choice):
        return None
    if isinstance(choice, dict) and choice.get("type") == "function":
        return choice_from_openai({"type": "function", "function": {"name": choice.get("name")}})
    return choice_from_openai(choice)


def _needs(asked: _ResponseRequest) -> tuple[str, ...]:
    """Return what changes the answer and is said in this protocol alone."""
    wanted = None if asked.text is None else asked.text.format
    only = {
        "top_logprobs": bool(asked.top_logprobs) or "message.output_text.logprobs" in (asked.include or ()),
        "tool_choice of another type than function": is_other_choice(asked.tool_choice),
        "text.format of type json_object": wanted is not None
        and (wanted.type == "json_object" or (wanted.type == "json_schema" and not wanted.schema)),
        "service_tier": bool(TIERS[asked.service_tier]),
        "top_p beside temperature": asked.temperature is not None and asked.top_p not in (None, 1),
    }
    return tuple(name for name, is_asked in only.items() if is_asked)


def _response_format(asked: _ResponseRequest) -> ResponseFormat | None:
    wanted = None if asked.text is None else asked.text.format
    if wanted is None or wanted.type != "json_schema":
        return None
    if wanted.name is None:
        raise ValidationError("is needed", field="text.format.name")
    return ResponseFormat(type="json_schema", schema=wanted.schema, name=wanted.name) if wanted.schema else None


def _unseen(asked: _ResponseRequest, fields: Mapping[str, Raw]) -> int:
    """Return an upper estimate of the tokens of tools that are not in our terms, or not all of them."""
    if all(each.get("type") == "function" for each in asked.tools or ()):
        return 0
    return len(bytes(fields["tools"])) // JSON_BYTES_PER_TOKEN

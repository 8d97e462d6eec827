"""From the body of a chat completion request to a :class:`RelayedRequest`.

A client's own fields go to providers that speak this protocol as they are, those that nobody here knows too. What the
request says in our terms is for all others; what it says beyond them is in ``needs``.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from router_core.api.openai_compatible.messages import MAX_MESSAGES, ChatMessage, Conversation
from router_core.api.openai_compatible.reasoning import without_details
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
from router_core.tools.checking import MAX_TOOLS
from router_core.tools.formats import choice_from_openai, from_openai
from router_core.types import (
    NativeRequest,
    RelayedRequest,
    ResponseFormat,
    ToolChoice,
    ToolFormat,
)

__all__ = ["parse_chat"]

MAX_CHOICES: Final = 128
MAX_STOPS: Final = 4
MAX_BIASES: Final = 1_024
# The adapter sets these itself.
_SET_BY_ADAPTER: Final = frozenset({"model", "max_tokens", "stream"})
# Never passed on: what would keep the request at the vendor, and what other routers are told where to go with.
_KEPT_BACK: Final = frozenset(
    {"store", "metadata", "api_base", "api_key", "api_version", "base_url", "extra_headers", "user_config",
     "models", "route", "provider", "transforms", "fallbacks"}
)  # fmt: skip
# What has some vendor or other search, for money; none of it means that nothing is searched.
_SEARCHES: Final = ("web_search_options", "search_parameters", "plugins", "enable_search")
_NONE: Final = (b"null", b"false", b"[]")

_Penalty = Annotated[float, Meta(ge=-2, le=2)] | None
_Limit = Annotated[int, Meta(ge=1, le=2**31 - 1)] | None
_Stop = Annotated[str, Meta(max_length=1_024)]


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _JsonSchema(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _Format(Struct):
    type: str
    json_schema: _JsonSchema | None = None


class _ChatRequest(Struct):
    """The fields that mean something here; every other one is left to the vendor."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[ChatMessage], Meta(min_length=1, max_length=MAX_MESSAGES)]
    max_tokens: _Limit = None
    max_completion_tokens: _Limit = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=MAX_CHOICES)] | None = None
    stop: _Stop | Annotated[list[_Stop], Meta(max_length=MAX_STOPS)] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: Annotated[list[dict[str, Any]], Meta(max_length=MAX_TOOLS)] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    functions: Annotated[list[dict[str, Any]], Meta(max_length=MAX_TOOLS)] | None = None
    function_call: Any = None
    response_format: _Format | None = None
    reasoning_effort: str | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    logit_bias: Annotated[dict[str, float], Meta(max_length=MAX_BIASES)] | None = None
    frequency_penalty: _Penalty = None
    presence_penalty: _Penalty = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    modalities: list[str] | None = None
    audio: Any = None


# Fields that change how a vendor goes about it, and leave the answer one that we can read in full.
_HINTS: Final = frozenset(
    {"verbosity", "seed", "prediction", "safety_identifier", "prompt_cache_key",
     "prompt_cache_retention"}
)  # fmt: skip
_KNOWN: Final = _HINTS | _KEPT_BACK | frozenset(_SEARCHES) | frozenset(_ChatRequest.__struct_fields__)

_REQUEST: Final = msgspec.json.Decoder(_ChatRequest)


def parse_chat(body: bytes, _headers: Mapping[bytes, bytes]) -> RelayedRequest:
    """Return the request in ``body``. Raises :class:`ValidationError` with the first fault found."""
    asked, fields = decoded(body, _REQUEST)
    _check(asked)
    check_own_tools(asked.tools or ())
    for name in _SEARCHES:
        if bytes(fields.get(name, b"null")) not in _NONE:
            raise ValidationError(NO_PRICE, field=name)
    conversation = Conversation(asked.messages)
    if conversation.detailed:
        fields["messages"] = without_details(fields["messages"])
    tools, needs = _tools(asked)
    silence = (SILENCE,) if not conversation.needs and says_nothing(conversation.messages) else ()
    needs = (*dict.fromkeys(conversation.needs), *silence, *needs, *_needs(asked))
    return RelayedRequest(
        model_override=asked.model,
        messages=conversation.messages,
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
        temperature=asked.temperature,
        top_p=None if asked.top_p == 1 else asked.top_p,
        stop=_stops(asked),
        stream=bool(asked.stream),
        tools=tools or None,
        tool_choice=_choice(asked) if tools else None,
        effort=EFFORTS.get(asked.reasoning_effort),
        parallel_tools=asked.parallel_tool_calls is not False,
        response_format=_response_format(asked.response_format),
        metadata=labels(asked.metadata, asked.user),
        native=NativeRequest(
            protocol="openai-chat",
            fields={name: value for name, value in fields.items() if name not in _SET_BY_ADAPTER | _KEPT_BACK},
            needs=needs,
            choices=asked.n or 1,
            tier=TIERS[asked.service_tier],
            unseen_tokens=conversation.unseen_tokens + _unseen(asked, fields),
            verbatim=bool(needs) or bool(fields.keys() - _KNOWN),
        ),
    )


def _check(asked: _ChatRequest) -> None:
    """Refuse what contradicts itself, and what could not be charged rightly."""
    if asked.max_tokens is not None and asked.max_completion_tokens is not None:
        raise ValidationError("is another name of `max_completion_tokens`; give one of them", field="max_tokens")
    if asked.stream_options is not None and not asked.stream:
        raise ValidationError("is only for streams", field="stream_options")
    if asked.top_logprobs is not None and not asked.logprobs:
        raise ValidationError("needs `logprobs`", field="top_logprobs")
    if asked.service_tier not in TIERS:
        raise ValidationError(NO_PRICE, field="service_tier")
    if asked.audio is not None or (asked.modalities is not None and asked.modalities != ["text"]):
        raise ValidationError(NO_PRICE, field="modalities" if asked.audio is None else "audio")
    check_labels(asked.metadata)


def _tools(asked: _ChatRequest) -> tuple[dict[str, ToolFormat], tuple[str, ...]]:
    """Return the tools in our terms, and what is beyond them."""
    listed = asked.tools or ()
    functions = [each for each in listed if each.get("type") == "function"]
    needs = ("functions",) if asked.functions else ()
    if len(functions) < len(listed):
        needs = (*needs, "tools of another type than function")
    return from_openai(functions), needs


def _choice(asked: _ChatRequest) -> ToolChoice | None:
    choice = asked.tool_choice
    return None if choice is None or is_other_choice(choice) else choice_from_openai(choice)


def _needs(asked: _ChatRequest) -> tuple[str, ...]:
    """Return what changes the answer and is said in this protocol alone."""
    only = {
        "n": (asked.n or 1) > 1,
        "logprobs": bool(asked.logprobs),
        "logit_bias": bool(asked.logit_bias),
        "frequency_penalty": bool(asked.frequency_penalty),
        "presence_penalty": bool(asked.presence_penalty),
        "tool_choice of another type than function": is_other_choice(asked.tool_choice),
        "response_format without a schema": _is_unsaid(asked.response_format),
        "service_tier": bool(TIERS[asked.service_tier]),
        "top_p beside temperature": asked.temperature is not None and asked.top_p not in (None, 1),
        "stop made of blanks": any(not each.strip() for each in _stops(asked)),
    }
    return tuple(name for name, is_asked in only.items() if is_asked)


def _stops(asked: _ChatRequest) -> tuple[str, ...]:
    given = (asked.stop,) if isinstance(asked.stop, str) else asked.stop or ()
    return tuple(each for each in given if each)


def _is_unsaid(wanted: _Format | None) -> bool:
    """Say whether the answer is to have a form that no schema says, such as any JSON at all."""
    if wanted is None or wanted.type == "text":
        return False
    return wanted.type != "json_schema" or (wanted.json_schema is not None and not wanted.json_schema.schema)


def _response_format(wanted: _Format | None) -> ResponseFormat | None:
    if wanted is None or wanted.type != "json_schema":
        return None
    if wanted.json_schema is None:
        raise ValidationError("is needed", field="response_format.json_schema")
    schema = wanted.json_schema.schema
    return ResponseFormat(type="json_schema", schema=schema, name=wanted.json_schema.name) if schema else None


def _unseen(asked: _ChatRequest, fields: Mapping[str, Raw]) -> int:
    """Return an upper estimate of the tokens of what is not in our terms, or not all of it."""
    names = ["functions", "prediction"]
    if any(each.get("type") != "function" for each in asked.tools or ()):
        names.append("tools")
    return sum(len(bytes(fields[name])) for name in names if name in fields) // JSON_BYTES_PER_TOKEN

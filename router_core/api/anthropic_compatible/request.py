"""From the body of a message request to a :class:`RelayedRequest`.

A client's own fields go to providers that speak this protocol as they are, those that nobody here knows too. What the
request says in our terms is for all others; what it says beyond them is in ``needs``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from router_core.api.anthropic_compatible.blocks import Block, Conversation, Turn, system_text
from router_core.api.anthropic_compatible.tools import OfferedTools, read_choice
from router_core.api.body import check_json, check_numbers
from router_core.api.errors import Header
from router_core.api.parsing import explained
from router_core.errors import ValidationError
from router_core.providers.anthropic_thinking import effort_of_budget
from router_core.types import NativeRequest, ReasoningEffort, RelayedRequest, ResponseFormat

__all__ = ["BETA", "betas_of", "parse_count", "parse_messages"]

MAX_MESSAGES: Final = 10_000
MAX_STOPS: Final = 256
MOST_STOPS_ELSEWHERE: Final = 4
MAX_BETAS: Final = 32
MAX_LABEL: Final = 512
USER_LABEL: Final = "user"
BETA: Final = b"anthropic-beta"
_TOKEN: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# The adapter sets these itself.
_SET_BY_ADAPTER: Final = frozenset({"model", "max_tokens", "stream"})
# Said anywhere, it makes reading cost more than to read; said in a text, it makes us hold a little too much.
_CACHING: Final = b'"cache_control"'
# Letters and `_` that nobody has to write so: a name may hide behind them.
_DISGUISED: Final = re.compile(rb"\\u00[5-7][0-9a-fA-F]")
# Never passed on: what other routers are told where to go with.
_KEPT_BACK: Final = frozenset({"api_base", "api_key", "api_version", "base_url", "extra_headers", "user_config"})
_NO_PRICE: Final = "has no price here"
_STATE: Final = "would keep state at the vendor"
_REFUSED: Final[Mapping[str, str]] = {
    "container": _STATE,
    "thread": _STATE,
    "mcp_servers": "would have the vendor reach hosts that nobody here can see",
    "fallbacks": "is for the router to decide: name a use case as `model`",
    "fallback_credit_token": _NO_PRICE,
    "billing_policy": _NO_PRICE,
    "compaction": _NO_PRICE,
    "user_profile_id": "is of an account at the vendor that is not the client's",
    "workspace_id": "is of an account at the vendor that is not the client's",
}

_Limit = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_Stop = Annotated[str, Meta(min_length=1, max_length=8_192)]


class _Thinking(Struct):
    type: Literal["enabled", "adaptive", "disabled", "between_tools"]
    budget_tokens: Annotated[int, Meta(ge=1024)] | None = None


class _Format(Struct):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class _OutputConfig(Struct):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: _Format | None = None
    task_budget: Any = None


class _Metadata(Struct):
    user_id: Annotated[str, Meta(max_length=4_096)] | None = None


class _Edit(Struct):
    type: str = ""


class _Edits(Struct):
    edits: list[_Edit] = []


class _Counted(Struct):
    """The fields of a request whose tokens are counted that mean something here."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[Turn], Meta(min_length=1, max_length=MAX_MESSAGES)]
    system: str | list[Block] | None = None
    thinking: _Thinking | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None
    context_management: _Edits | None = None
    speed: Literal["standard"] | None = None
    inference_geo: Literal["global"] | None = None


class _MessageRequest(_Counted, kw_only=True):
    """The fields that mean something here; every other one is left to the vendor."""

    max_tokens: _Limit
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    stop_sequences: Annotated[list[_Stop], Meta(max_length=MAX_STOPS)] | None = None
    stream: bool | None = None
    metadata: _Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None


_Asked = TypeVar("_Asked", bound=_Counted)
# Fields that change how the vendor goes about it, and leave the answer one that we can read in full.
_HINTS: Final = frozenset({"cache_control", "diagnostics"})
_KNOWN: Final = _HINTS | _KEPT_BACK | frozenset(_MessageRequest.__struct_fields__)
_REQUEST: Final = msgspec.json.Decoder(_MessageRequest)
_COUNT: Final = msgspec.json.Decoder(_Counted)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])


def betas_of(headers: Iterable[Header]) -> tuple[str, ...]:
    """Return the vendor's features that the client switched on. Raises :class:`ValidationError` for what is no name."""
    told = b",".join(value for name, value in headers if name == BETA)
    names = [name for each in told.split(b",") if (name := each.strip(b" \t"))]
    if len(names) > MAX_BETAS or not all(_TOKEN.fullmatch(name) for name in names):
        raise ValidationError(
            f"must be at most {MAX_BETAS} names of features, with commas between", field=BETA.decode()
        )
    return tuple(dict.fromkeys(name.decode() for name in names))


def parse_messages(body: bytes, betas: tuple[str, ...] = ()) -> RelayedRequest:
    """Return the request in ``body``. Raises :class:`ValidationError` with the first fault found."""
    asked, fields = _read(body, _REQUEST)
    thinking = asked.thinking
    if thinking is not None and (thinking.budget_tokens or 0) >= asked.max_tokens:
        raise ValidationError("must be less than `max_tokens`", field="thinking.budget_tokens")
    made = _relayed(asked, fields, betas, _needs(asked))
    user = asked.metadata.user_id if asked.metadata is not None else None
    return msgspec.structs.replace(
        made,
        max_tokens=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=tuple(asked.stop_sequences or ()),
        stream=bool(asked.stream),
        metadata={USER_LABEL: user[:MAX_LABEL]} if user else {},
        native=msgspec.structs.replace(made.native, caches=_CACHING in body or bool(_DISGUISED.search(body))),
    )


def parse_count(body: bytes, betas: tuple[str, ...] = ()) -> RelayedRequest:
    """Return the request in ``body`` whose tokens are to be counted. Raises :class:`ValidationError`."""
    return _relayed(*_read(body, _COUNT), betas, ())


def _read(body: bytes, decoder: "msgspec.json.Decoder[_Asked]") -> tuple[_Asked, dict[str, Raw]]:
    check_json(body)
    try:
        asked, fields = decoder.decode(body), _FIELDS.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise explained(error) from None
    check_numbers(body)
    for name, reason in _REFUSED.items():
        if bytes(fields.get(name, b"null")) not in (b"null", b"[]"):
            raise ValidationError(reason, field=name)
    for place, edit in enumerate(asked.context_management.edits if asked.context_management else ()):
        if edit.type.startswith("compact"):
            raise ValidationError(_NO_PRICE, field=f"context_management.edits[{place}].type")
    return asked, fields


def _relayed(asked: _Counted, fields: dict[str, Raw], betas: tuple[str, ...], needs: tuple[str, ...]) -> RelayedRequest:
    talk, tools = Conversation(asked.messages), OfferedTools(asked.tools or [])
    choice, parallel = read_choice(asked.tool_choice)
    if talk.unsigned:
        fields["messages"] = _without_unsigned(fields["messages"])
    needs = (*dict.fromkeys((*talk.needs, *tools.needs)), *needs)
    return RelayedRequest(
        model_override=asked.model,
        messages=talk.messages,
        system_prompt=system_text(asked.system, "system") if asked.system else None,
        temperature=None,
        tools=tools.formats or None,
        tool_choice=choice if tools.formats else None,
        parallel_tools=parallel,
        effort=_effort(asked),
        response_format=_response_format(asked),
        native=NativeRequest(
            protocol="anthropic-messages",
            fields={name: value for name, value in fields.items() if name not in _SET_BY_ADAPTER | _KEPT_BACK},
            needs=needs,
            betas=betas,
            unseen_tokens=talk.unseen_tokens + tools.unseen_tokens,
            verbatim=bool(needs) or bool(fields.keys() - _KNOWN),
        ),
    )


def _needs(asked: _MessageRequest) -> tuple[str, ...]:
    """Return what changes the answer and is said in this protocol alone."""
    only = {
        "top_k": asked.top_k is not None,
        f"more than {MOST_STOPS_ELSEWHERE} stop_sequences": len(asked.stop_sequences or ()) > MOST_STOPS_ELSEWHERE,
        "context_management": asked.context_management is not None,
        "output_config.task_budget": asked.output_config is not None and asked.output_config.task_budget is not None,
    }
    return tuple(name for name, is_asked in only.items() if is_asked)


def _effort(asked: _Counted) -> ReasoningEffort | None:
    """Return how hard the model is to think, None where it is as it likes or not at all."""
    if asked.output_config is not None and asked.output_config.effort is not None:
        return asked.output_config.effort
    thinking = asked.thinking
    if thinking is None or thinking.type != "enabled" or thinking.budget_tokens is None:
        return None
    return effort_of_budget(thinking.budget_tokens)


def _response_format(asked: _Counted) -> ResponseFormat | None:
    wanted = asked.output_config.format if asked.output_config is not None else None
    wanted = wanted or asked.output_format
    return None if wanted is None else ResponseFormat(type="json_schema", schema=wanted.schema)


def _without_unsigned(messages: Raw) -> Raw:
    """Return the messages without the thoughts that another vendor's model had, which this one would refuse."""
    turns = msgspec.json.decode(messages)
    for turn in turns:
        if isinstance(turn["content"], list):
            turn["content"] = [each for each in turn["content"] if not _is_unsigned(each)]
    return Raw(msgspec.json.encode([turn for turn in turns if turn["content"] != []]))


def _is_unsigned(block: dict[str, Any]) -> bool:
    return block.get("type") == "thinking" and not block.get("signature")

"""What a caller gets back, whole or in parts."""

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from router_core.types.money import NanoUSD, format_usd
from router_core.types.native import NativeEvents
from router_core.types.plan import CacheOutcome, Decision
from router_core.types.request import Message, ReasoningPart
from router_core.types.usage import Usage

__all__ = [
    "Cost",
    "FinishPart",
    "FinishReason",
    "LLMResponse",
    "ReasoningDelta",
    "RelayedResponse",
    "StartPart",
    "StepEnd",
    "StreamPart",
    "TextDelta",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallEnd",
    "ToolCallStart",
    "ToolOutput",
    "WireUsage",
    "reasoning_parts",
]

FinishReason = Literal["stop", "length", "content-filter", "tool-calls", "error", "other"]


class _Wire(Struct, frozen=True, rename="camel"):
    """Shared shape of everything that leaves as JSON."""


class ToolCall(_Wire, frozen=True, kw_only=True):
    """A tool call that the model asks for. ``args`` is the parsed JSON object."""

    tool_call_id: str
    tool_name: str
    args: dict[str, Any]


class WireUsage(_Wire, frozen=True, kw_only=True):
    """Usage as callers know it: ``prompt_tokens`` includes cached ones, ``completion_tokens`` includes reasoning."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> "WireUsage":
        """Return the caller's view of ``usage``."""
        return cls(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            cached_tokens=usage.cache_read_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        )


class Cost(_Wire, frozen=True, kw_only=True):
    """Money as callers see it: exact dollars in text; ``usd`` is None for a model without a price."""

    usd: str | None
    estimated: bool

    @classmethod
    def of(cls, nano: NanoUSD | None, *, estimated: bool) -> "Cost":
        """Return ``nano`` nano-dollars in the caller's form."""
        return cls(usd=None if nano is None else format_usd(nano), estimated=estimated)


class LLMResponse(_Wire, frozen=True, kw_only=True):
    """A whole answer. ``latency_ms`` runs from admission to the last byte.

    ``cache`` says what the cache had, and is not there when it was not asked; ``cached`` that the answer cost nothing.
    ``similarity`` is there when it is the answer to a similar question.

    ``text`` is that of the last of ``steps``, ``tool_calls`` are its calls that the caller is to answer. ``messages``
    is there when tools ran here: all that the conversation has gained, to go in front of the caller's own results.
    """

    success: Literal[True] = True
    request_id: str
    text: str
    provider: str
    model: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: FinishReason
    steps: int
    cached: bool
    usage: WireUsage
    cost: Cost
    latency_ms: float
    decision: Decision | UnsetType = UNSET
    cache: CacheOutcome | UnsetType = UNSET
    similarity: float | UnsetType = UNSET
    messages: tuple[Message, ...] | UnsetType = UNSET


class RelayedResponse(LLMResponse, frozen=True, kw_only=True):
    """A whole answer to a request that came in a vendor's protocol.

    ``native`` is the vendor's own body, empty where there is none in that protocol; ``reasoning`` the thinking,
    ``stop_sequence`` the text that ended the answer where the vendor says so, ``spent`` what was used, by class of
    token.
    """

    native: bytes = b""
    reasoning: tuple[ReasoningPart, ...] = ()
    stop_sequence: str = ""
    spent: Usage = Usage()


class StartPart(Struct, frozen=True):
    """The first part of every stream: who is answering, and what the cache had when it was asked."""

    request_id: str
    provider: str
    model: str
    cache: CacheOutcome | None = None


class TextDelta(Struct, frozen=True):
    """A piece of the answer's text."""

    text: str


class ReasoningDelta(Struct, frozen=True):
    """A piece of the model's reasoning. One with a ``signature`` ends a passage, one with ``data`` is one by itself."""

    text: str = ""
    signature: str = ""
    data: str = ""


class ToolCallStart(Struct, frozen=True):
    """A tool call begins; ``runs_here`` says that its result will follow."""

    tool_call_id: str
    tool_name: str
    runs_here: bool = False


class ToolCallDelta(Struct, frozen=True):
    """A piece of a tool call's arguments, as JSON text."""

    tool_call_id: str
    json_text: str


class ToolCallEnd(Struct, frozen=True):
    """A tool call is complete, with its whole arguments; ``runs_here`` says that its result will follow."""

    call: ToolCall
    runs_here: bool = False


class ToolOutput(Struct, frozen=True):
    """What a tool that ran here gave back, any JSON value; a text that says what went wrong when ``is_error``."""

    tool_call_id: str
    tool_name: str
    result: Any
    is_error: bool = False


class StepEnd(Struct, frozen=True):
    """A step of the answer is over and another one follows; ``usage`` is what this one used."""

    finish_reason: FinishReason
    usage: WireUsage


class FinishPart(Struct, frozen=True):
    """The last part of every stream that did not fail: the answer without its text deltas."""

    response: LLMResponse


StreamPart = (
    StartPart
    | TextDelta
    | ReasoningDelta
    | ToolCallStart
    | ToolCallDelta
    | ToolCallEnd
    | ToolOutput
    | StepEnd
    | NativeEvents
    | FinishPart
)


def reasoning_parts(deltas: Iterable[ReasoningDelta]) -> tuple[ReasoningPart, ...]:
    """Return the passages that ``deltas`` amount to."""
    passages: list[ReasoningPart] = []
    texts: list[str] = []
    for delta in deltas:
        texts.append(delta.text)
        if not (delta.signature or delta.data):
            continue
        if delta.data and (said := "".join(texts)):
            passages.append(ReasoningPart(text=said))
            texts.clear()
        passages.append(ReasoningPart(text="".join(texts), signature=delta.signature, data=delta.data))
        texts.clear()
    rest = "".join(texts)
    return (*passages, ReasoningPart(text=rest)) if rest else tuple(passages)

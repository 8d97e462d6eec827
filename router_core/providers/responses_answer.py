"""Reads the answers of OpenAI's Responses: only the fields that are needed, never an SDK model."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from router_core.providers.failures import StreamFaultError, UnreadableAnswerError, fault_of
from router_core.providers.openai_answer import SERVED_TIERS
from router_core.providers.token_counts import checked_usage, estimated_usage, too_deep
from router_core.providers.tool_calls import CallIds, OpenCalls, parsed_call
from router_core.types import (
    AnswerEnd,
    FinishReason,
    LLMRequest,
    ProviderAnswer,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    ServiceTier,
    TextDelta,
    ToolCall,
    Usage,
)

__all__ = ["ResponseStream", "read_response"]

_REASONS: Final[dict[str, FinishReason]] = {"max_output_tokens": "length", "content_filter": "content-filter"}
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_REASONING: Final = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})


class _Text(Struct):
    text: str | None = None
    refusal: str | None = None


class _Item(Struct):
    type: str = ""
    status: str | None = None
    content: list[_Text] | None = None
    summary: list[_Text] | None = None
    call_id: str = ""
    name: str = ""
    arguments: str | None = None


class _Incomplete(Struct):
    reason: str | None = None


class _Response(Struct):
    output: list[_Item]
    status: str | None = None
    model: str = ""
    incomplete_details: _Incomplete | None = None
    error: dict[str, Any] | None = None
    service_tier: str | None = None
    usage: Raw = field(default_factory=Raw)


class _Event(Struct):
    type: str
    output_index: int = 0
    delta: Any = None
    item: _Item | None = None
    response: _Response | None = None
    error: dict[str, Any] | None = None
    code: str | None = None
    message: str | None = None


class _InputDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(Struct):
    reasoning_tokens: int | None = None


class _UsageFields(Struct):
    input_tokens: int
    output_tokens: int
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


_decode_response = msgspec.json.Decoder(_Response).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_decode_usage = msgspec.json.Decoder(_UsageFields | None).decode


def read_response(body: bytes, request: LLMRequest) -> ProviderAnswer:
    """Return the answer in ``body``. Raises :class:`UnreadableAnswerError` when it is none, StreamFaultError when the
    response failed.
    """
    try:
        response = _decode_response(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableAnswerError("The provider's answer is not a response") from None
    except RecursionError:
        raise too_deep(body, request) from None
    if response.status == "failed":
        raise StreamFaultError(fault_of(response.error or {}))
    said = [part for item in response.output if item.type == "message" for part in item.content or ()]
    thought = [part for item in response.output if item.type == "reasoning" for part in _thoughts(item)]
    text = "".join(part.text or part.refusal or "" for part in said)
    reasoning = tuple(ReasoningPart(text=part.text) for part in thought if part.text)
    return ProviderAnswer(
        text=text,
        finish_reason=_finish(response, refused=any(part.refusal for part in said)),
        usage=_usage(response.usage) or estimated_usage(request, len(text), sum(len(each.text) for each in reasoning)),
        model=response.model,
        tool_calls=tuple(_whole_calls(response.output, request)),
        reasoning=reasoning,
        tier=SERVED_TIERS.get(response.service_tier),
    )


def _thoughts(item: _Item) -> Iterable[_Text]:
    return item.content or item.summary or ()


def _whole_calls(output: list[_Item], request: LLMRequest) -> Iterator[ToolCall]:
    ids = CallIds(request)
    for item in output:
        # One that was cut off has only part of its arguments.
        if item.type == "function_call" and item.status != "incomplete":
            if not item.name:
                raise UnreadableAnswerError("A tool call has no name")
            yield parsed_call(ids.own(item.call_id), item.name, item.arguments or "", lenient=True)


def _finish(response: _Response, *, refused: bool) -> FinishReason:
    if refused:
        return "content-filter"
    if response.status == "incomplete":
        reason = response.incomplete_details and response.incomplete_details.reason
        return _REASONS.get(reason or "", "other")
    return "tool-calls" if any(item.type in _CALLS for item in response.output) else "stop"


def _usage(raw: Raw) -> Usage | None:
    data = bytes(raw)
    try:
        found = _decode_usage(data) if data else None
    except msgspec.DecodeError:
        return None
    if found is None:
        return None
    read, wrote = found.input_tokens_details, found.output_tokens_details
    cached = (read.cached_tokens if read else 0) or 0
    written = (read.cache_write_tokens if read else 0) or 0
    reasoning = (wrote.reasoning_tokens if wrote else 0) or 0
    return checked_usage(
        input_tokens=found.input_tokens - cached - written,
        output_tokens=found.output_tokens - reasoning,
        cache_read=cached,
        cache_write=written,
        reasoning=reasoning,
    )


class ResponseStream:
    """Turns the events of one stream into parts; ``ended`` once the response is complete, in whatever way."""

    def __init__(self, request: LLMRequest) -> None:
        self.ended = False
        self._request = request
        self._model = ""
        self._finish: FinishReason = "other"
        self._refused = False
        self._tier: ServiceTier | None = None
        self._usage: Usage | None = None
        self._calls = OpenCalls(request)
        self._text_chars = 0
        self._reasoning_chars = 0

    def feed(self, payload: bytes) -> Iterable[ProviderPart]:
        """Return the parts of one event. Raises StreamFaultError for a failure, UnreadableAnswerError for junk."""
        try:
            event = _decode_event(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UnreadableAnswerError("An event of the provider's stream is not one of a response") from None
        kind = event.type
        if isinstance(event.delta, str):
            return self._delta(kind, event.output_index, event.delta)
        if event.item is not None and event.item.type == "function_call":
            return self._call(kind, event.output_index, event.item)
        if kind == "error":
            told = event.error or {"code": event.code, "type": event.code, "message": event.message}
            raise StreamFaultError(fault_of(told))
        if kind in _ENDS and event.response is not None:
            self._close(kind, event.response)
        return ()

    def end(self) -> AnswerEnd:
        """Return the last part; usage is estimated when the provider gave none that is of use."""
        usage = self._usage or estimated_usage(self._request, self._text_chars, self._reasoning_chars)
        return AnswerEnd(finish_reason=self._finish, usage=usage, model=self._model, tier=self._tier)

    def _delta(self, kind: str, index: int, text: str) -> Iterable[ProviderPart]:
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            self._refused = self._refused or kind == "response.refusal.delta"
            self._text_chars += len(text)
            return (TextDelta(text),)
        if kind in _REASONING:
            self._reasoning_chars += len(text)
            return (ReasoningDelta(text),)
        if kind == "response.function_call_arguments.delta" and self._calls.has(index):
            self._text_chars += len(text)
            return (self._calls.add(index, text),)
        return ()

    def _call(self, kind: str, index: int, item: _Item) -> Iterator[ProviderPart]:
        if not self._calls.has(index):
            yield self._calls.begin(index, item.call_id, item.name)
            if item.arguments:
                self._text_chars += len(item.arguments)
                yield self._calls.add(index, item.arguments)
        if kind == "response.output_item.done" and item.status != "incomplete":
            yield from self._calls.end(index)

    def _close(self, kind: str, response: _Response) -> None:
        if kind == "response.failed":
            raise StreamFaultError(fault_of(response.error or {}))
        self.ended = True
        self._model = response.model
        self._usage = _usage(response.usage)
        self._tier = SERVED_TIERS.get(response.service_tier)
        self._finish = _finish(response, refused=self._refused)

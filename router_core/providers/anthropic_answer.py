"""Reads Anthropic messages: only the fields that are needed, never an SDK model."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from router_core.providers.failures import StreamFaultError, UnreadableAnswerError, fault_of
from router_core.providers.token_counts import checked_usage, estimated_usage, too_deep
from router_core.providers.tool_calls import CallIds, OpenCalls
from router_core.types import (
    AnswerEnd,
    FinishReason,
    LLMRequest,
    ProviderAnswer,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    ToolCall,
    Usage,
)

__all__ = ["AnthropicStream", "read_answer"]

_T = TypeVar("_T")
_THINKING = frozenset({"thinking", "redacted_thinking"})
_FINISH: dict[str | None, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool-calls",
    "refusal": "content-filter",
}


class _Split(Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(Struct):
    thinking_tokens: int | None = None


class _UsageFields(Struct):
    """Usage as sent; in a stream later figures are cumulative and replace earlier ones."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Split | None = None
    output_tokens_details: _OutputDetails | None = None


class _Block(Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, Any] | None = None


class _Answer(Struct):
    type: str
    content: list[_Block]
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Raw = field(default_factory=Raw)


class _Opening(Struct):
    model: str = ""
    usage: Raw = field(default_factory=Raw)


class _Delta(Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    signature: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(Struct):
    type: str
    index: int = 0
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Opening | None = None
    usage: Raw = field(default_factory=Raw)
    error: dict[str, Any] | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_decode_usage = msgspec.json.Decoder(_UsageFields).decode


def read_answer(body: bytes, request: LLMRequest) -> ProviderAnswer:
    """Return the answer in ``body``. Raises :class:`UnreadableAnswerError` when it is none."""
    try:
        answer = _decode_answer(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableAnswerError("The provider's answer is not a message") from None
    except RecursionError:
        raise too_deep(body, request) from None
    if answer.type != "message":
        raise UnreadableAnswerError("The provider's answer is not a message")
    text = "".join(block.text for block in answer.content if block.type == "text")
    reasoning = tuple(
        ReasoningPart(text=block.thinking, signature=block.signature, data=block.data)
        for block in answer.content
        if block.type in _THINKING
    )
    ids = CallIds(request)
    calls = tuple(_whole_call(block, ids) for block in answer.content if block.type == "tool_use")
    figures = _figures(answer.usage)
    usage = _usage([figures] if figures else []) or estimated_usage(request, len(text), _size(reasoning))
    return ProviderAnswer(
        text=text,
        finish_reason=_FINISH.get(answer.stop_reason, "other"),
        usage=usage,
        model=answer.model,
        tool_calls=calls,
        reasoning=reasoning,
        stop_sequence=answer.stop_sequence or "",
    )


def _size(reasoning: Iterable[ReasoningPart]) -> int:
    return sum(len(passage.text) for passage in reasoning)


def _whole_call(block: _Block, ids: CallIds) -> ToolCall:
    if not block.name:
        raise UnreadableAnswerError("A tool call has no name")
    return ToolCall(tool_call_id=ids.own(block.id), tool_name=block.name, args=block.input or {})


def _figures(raw: Raw) -> _UsageFields | None:
    data = bytes(raw)
    if not data:
        return None
    try:
        return _decode_usage(data)
    except msgspec.DecodeError:
        return None


def _usage(reports: list[_UsageFields]) -> Usage | None:
    """Return the usage that ``reports``, oldest first, amount to; None when they are incomplete or absurd."""
    asked = _latest(report.input_tokens for report in reports)
    answered = _latest(report.output_tokens for report in reports)
    if asked is None or answered is None:
        return None
    read = _latest(report.cache_read_input_tokens for report in reports) or 0
    written = _latest(report.cache_creation_input_tokens for report in reports)
    split = _latest(report.cache_creation for report in reports) or _Split()
    hour = split.ephemeral_1h_input_tokens or 0
    short = split.ephemeral_5m_input_tokens or 0 if written is None else written - hour
    details = _latest(report.output_tokens_details for report in reports)
    thinking = (details.thinking_tokens if details else 0) or 0
    return checked_usage(
        input_tokens=asked,
        output_tokens=answered - thinking,
        cache_read=read,
        cache_write=short,
        cache_write_1h=hour,
        reasoning=thinking,
    )


def _latest(values: Iterable[_T | None]) -> _T | None:
    latest: _T | None = None
    for value in values:
        latest = latest if value is None else value
    return latest


class AnthropicStream:
    """Turns the events of one stream into parts; ``ended`` once its end marker has come."""

    def __init__(self, request: LLMRequest) -> None:
        self.ended = False
        self._request = request
        self._model = ""
        self._finish: FinishReason = "other"
        self._stop_sequence = ""
        self._reports: list[_UsageFields] = []
        self._calls = OpenCalls(request)
        self._text_chars = 0
        self._reasoning_chars = 0

    def feed(self, payload: bytes) -> Iterable[ProviderPart]:
        """Return the parts of one event. Raises StreamFaultError for an error event, UnreadableAnswerError for junk."""
        try:
            event = _decode_event(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UnreadableAnswerError("An event of the provider's stream is not readable") from None
        kind = event.type
        if kind == "content_block_delta":
            return self._delta(event.index, event.delta or _Delta())
        if kind == "content_block_start":
            return self._block_start(event.index, event.content_block or _Block())
        if kind == "content_block_stop":
            return self._calls.end(event.index) if self._calls.has(event.index) else ()
        self._note(event)
        return ()

    def end(self) -> AnswerEnd:
        """Return the last part; usage is estimated when the provider gave none that is of use."""
        usage = _usage(self._reports) or estimated_usage(self._request, self._text_chars, self._reasoning_chars)
        return AnswerEnd(finish_reason=self._finish, usage=usage, model=self._model, stop_sequence=self._stop_sequence)

    def _note(self, event: _Event) -> None:
        if event.type == "error":
            raise StreamFaultError(fault_of(event.error or {}))
        if event.type == "message_stop":
            self.ended = True
        elif event.type == "message_start" and event.message is not None:
            self._model = event.message.model
            self._report(event.message.usage)
        elif event.type == "message_delta":
            delta = event.delta or _Delta()
            self._finish = _FINISH.get(delta.stop_reason, "other")
            self._calls.settle(self._finish)
            self._stop_sequence = delta.stop_sequence or ""
            self._report(event.usage)

    def _report(self, usage: Raw) -> None:
        figures = _figures(usage)
        if figures is not None:
            self._reports.append(figures)

    def _delta(self, index: int, delta: _Delta) -> Iterable[ProviderPart]:
        if delta.text:
            self._text_chars += len(delta.text)
            return (TextDelta(delta.text),)
        if delta.partial_json:
            self._text_chars += len(delta.partial_json)
            return (self._calls.add(index, delta.partial_json),) if self._calls.has(index) else ()
        if delta.thinking:
            self._reasoning_chars += len(delta.thinking)
            return (ReasoningDelta(delta.thinking),)
        return (ReasoningDelta("", delta.signature),) if delta.signature else ()

    def _block_start(self, index: int, block: _Block) -> Iterator[ProviderPart]:
        if block.type == "tool_use":
            yield self._calls.begin(index, block.id, block.name)
            if block.input:
                yield self._calls.add(index, msgspec.json.encode(block.input).decode())
        elif block.type == "text" and block.text:
            self._text_chars += len(block.text)
            yield TextDelta(block.text)
        elif block.type in _THINKING and (block.thinking or block.data):
            self._reasoning_chars += len(block.thinking)
            yield ReasoningDelta(block.thinking, block.signature, block.data)

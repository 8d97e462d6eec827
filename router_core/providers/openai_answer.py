"""Reads OpenAI chat completions: only the fields that are needed, never an SDK model."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct, field

from router_core.providers.failures import StreamFaultError, UnreadableAnswerError, UnusableCallError, fault_of
from router_core.providers.token_counts import checked_usage, estimated_usage, too_deep
from router_core.providers.tool_calls import CUT_OFF, CallIds, OpenCalls, parsed_call
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
    TunedRequest,
    Usage,
)

__all__ = ["SERVED_TIERS", "OpenAIStream", "read_answer"]

_FINISH: dict[str | None, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content-filter",
    "tool_calls": "tool-calls",
    "function_call": "tool-calls",
}
SERVED_TIERS: dict[str | None, ServiceTier] = {"default": "", "priority": "priority", "flex": "flex"}
# Calls of other kinds reach only those who asked for them in the vendor's own protocol.
_OF_OURS = (None, "function")
_NULL = b"null"
_END = b"[DONE]"


class _Function(Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct):
    index: int = 0
    type: str | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    message: _Message
    index: int = 0
    finish_reason: str | None = None


class _Completion(Struct):
    choices: list[_Choice]
    model: str = ""
    service_tier: str | None = None
    usage: Raw = field(default_factory=Raw)


class _StreamChoice(Struct):
    index: int = 0
    delta: _Message | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    choices: list[_StreamChoice] | None = None
    model: str = ""
    service_tier: str | None = None
    usage: Raw = field(default_factory=Raw)
    error: Raw = field(default_factory=Raw)


class _PromptDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    image_tokens: int | None = None


class _CompletionDetails(Struct):
    reasoning_tokens: int | None = None


class _UsageFields(Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


_decode_completion = msgspec.json.Decoder(_Completion).decode
_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_usage = msgspec.json.Decoder(_UsageFields).decode
_decode_error = msgspec.json.Decoder(dict[str, object]).decode


def read_answer(body: bytes, request: LLMRequest) -> ProviderAnswer:
    """Return the answer in ``body``. Raises :class:`UnreadableAnswerError` when it is none."""
    try:
        completion = _decode_completion(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableAnswerError("The provider's answer is not a chat completion") from None
    except RecursionError:
        raise too_deep(body, request) from None
    choice = next((choice for choice in completion.choices if choice.index == 0), None)
    if choice is None:
        raise UnreadableAnswerError("The provider's answer has no choices")
    message = choice.message
    finish = _FINISH.get(choice.finish_reason, "other")
    text = message.content or message.refusal or ""
    reasoning = message.reasoning_content or ""
    usage = _usage(completion.usage) or estimated_usage(request, len(text), len(reasoning))
    calls = tuple(_whole_calls(message, request, finish, usage))
    return ProviderAnswer(
        text=text,
        finish_reason="content-filter" if message.refusal else finish,
        usage=usage,
        model=completion.model,
        tool_calls=calls,
        reasoning=(ReasoningPart(text=reasoning),) if reasoning else (),
        tier=SERVED_TIERS.get(completion.service_tier),
    )


def _whole_calls(message: _Message, request: LLMRequest, finish: FinishReason, usage: Usage) -> Iterator[ToolCall]:
    """Yield the calls; one that was cut off with the answer is none."""
    ids, lenient = CallIds(request), isinstance(request, TunedRequest)
    for call in message.tool_calls or ():
        if call.type not in _OF_OURS:
            continue
        function = call.function or _Function()
        if not function.name:
            raise UnreadableAnswerError("A tool call has no name")
        try:
            yield parsed_call(ids.own(call.id), function.name, function.arguments or "", lenient=lenient)
        except UnusableCallError as error:
            if finish != CUT_OFF:
                error.usage = usage
                raise


def _usage(raw: Raw) -> Usage | None:
    data = bytes(raw)
    if not data or data == _NULL:
        return None
    try:
        found = _decode_usage(data)
    except msgspec.DecodeError:
        return None
    prompt, completion = found.prompt_tokens_details, found.completion_tokens_details
    cached = (prompt.cached_tokens if prompt else 0) or 0
    written = (prompt.cache_write_tokens if prompt else 0) or 0
    reasoning = (completion.reasoning_tokens if completion else 0) or 0
    fresh = found.prompt_tokens - cached - written
    # Images out of the cache are counted as cached too.
    images = min((prompt.image_tokens if prompt else 0) or 0, max(0, fresh))
    return checked_usage(
        input_tokens=fresh - images,
        output_tokens=found.completion_tokens - reasoning,
        cache_read=cached,
        cache_write=written,
        reasoning=reasoning,
        images=images,
    )


class OpenAIStream:
    """Turns the events of one stream into parts; ``ended`` once its end marker has come."""

    def __init__(self, request: LLMRequest) -> None:
        self.ended = False
        self._request = request
        self._model = ""
        self._tier: ServiceTier | None = None
        self._finish: FinishReason = "other"
        self._refused = False
        self._usage: Usage | None = None
        self._calls = OpenCalls(request)
        self._foreign: set[int] = set()
        self._text_chars = 0
        self._reasoning_chars = 0

    def feed(self, payload: bytes) -> Iterable[ProviderPart]:
        """Return the parts of one event. Raises StreamFaultError for an error event, UnreadableAnswerError for junk."""
        if payload == _END:
            self.ended = True
            return self._calls.end_all(self._finish)
        try:
            chunk = _decode_chunk(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UnreadableAnswerError("An event of the provider's stream is not a completion chunk") from None
        if not chunk.choices:
            self._note(chunk)
            return ()
        if chunk.usage != _NULL:
            self._note(chunk)
        return self._parts(chunk.choices)

    def end(self) -> AnswerEnd:
        """Return the last part; usage is estimated when the provider gave none that is of use."""
        usage = self._usage or estimated_usage(self._request, self._text_chars, self._reasoning_chars)
        finish = "content-filter" if self._refused else self._finish
        return AnswerEnd(finish_reason=finish, usage=usage, model=self._model, tier=self._tier)

    def _note(self, chunk: _Chunk) -> None:
        if chunk.error:
            raise _stream_fault(chunk.error)
        self._model = chunk.model or self._model
        self._usage = _usage(chunk.usage) or self._usage
        self._tier = SERVED_TIERS.get(chunk.service_tier, self._tier)

    def _parts(self, choices: list[_StreamChoice]) -> Iterator[ProviderPart]:
        for choice in choices:
            if choice.index != 0:
                continue
            delta = choice.delta
            if delta is not None:
                yield from self._delta_parts(delta)
            if choice.finish_reason is not None:
                self._finish = _FINISH.get(choice.finish_reason, "other")
                yield from self._calls.end_all(self._finish)

    def _delta_parts(self, delta: _Message) -> Iterator[ProviderPart]:
        if delta.content:
            self._text_chars += len(delta.content)
            yield TextDelta(delta.content)
        elif delta.refusal:
            self._refused = True
            self._text_chars += len(delta.refusal)
            yield TextDelta(delta.refusal)
        if delta.reasoning_content:
            self._reasoning_chars += len(delta.reasoning_content)
            yield ReasoningDelta(delta.reasoning_content)
        for call in delta.tool_calls or ():
            yield from self._call_parts(call)

    def _call_parts(self, call: _Call) -> Iterator[ProviderPart]:
        function = call.function or _Function()
        if call.type not in _OF_OURS:
            self._foreign.add(call.index)
        if call.index in self._foreign:
            return
        if not self._calls.has(call.index):
            yield self._calls.begin(call.index, call.id, function.name or "")
        if function.arguments:
            self._text_chars += len(function.arguments)
            yield self._calls.add(call.index, function.arguments)


def _stream_fault(raw: Raw) -> StreamFaultError:
    try:
        return StreamFaultError(fault_of(_decode_error(raw)))
    except msgspec.DecodeError:
        return StreamFaultError(fault_of({}))

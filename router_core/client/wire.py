"""The lines of a UI message stream, turned back into the parts that they were made of."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from router_core.client.errors import LLMRouterError, error_from
from router_core.types import (
    CacheOutcome,
    Cost,
    FinishPart,
    LLMResponse,
    ReasoningDelta,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolOutput,
    WireUsage,
)

__all__ = ["StreamReader"]


class _Metadata(Struct, rename="camel"):
    request_id: str = ""
    provider: str = ""
    model: str = ""
    usage: WireUsage = WireUsage(
        prompt_tokens=0, completion_tokens=0, total_tokens=0, cached_tokens=0, reasoning_tokens=0
    )
    cost: Cost = Cost(usd=None, estimated=False)
    latency_ms: float = 0.0
    steps: int = 1
    cached: bool = False
    decision: Any = msgspec.UNSET
    cache: Any = msgspec.UNSET
    similarity: Any = msgspec.UNSET
    error: dict[str, Any] | None = None


class _Event(Struct, rename="camel"):
    type: str
    delta: str = ""
    tool_call_id: str = ""
    tool_name: str = ""
    input_text_delta: str = ""
    input: Any = None
    output: Any = None
    provider_executed: bool = False
    error_text: str = ""
    finish_reason: str = "other"
    message_metadata: _Metadata | None = None


_EVENTS = msgspec.json.Decoder(_Event)
_DATA = b"data: "
_DONE = b"[DONE]"


class StreamReader:
    """Reads one stream, in pieces of any size; ``cache`` is what the answer's head said of the cache."""

    __slots__ = ("_cache", "_calls", "_complete", "_error_text", "_names", "_rest", "_texts")

    def __init__(self, cache: CacheOutcome | None = None) -> None:
        self._cache = cache
        self._texts: list[str] = []
        self._calls: list[ToolCall] = []
        self._names: dict[str, str] = {}
        self._complete = False
        self._error_text = "The stream broke off"
        self._rest: list[bytes] = []

    def parts(self, piece: bytes) -> Iterator[StreamPart]:
        """Yield the parts that ``piece`` completes. Raises :class:`LLMRouterError` when it ends a failed stream.

        Lines end where the protocol says, at line feeds, and nowhere else: a text may hold what Unicode calls a line's
        end.
        """
        if b"\n" not in piece:
            self._rest.append(piece)
            return
        first, *others = piece.split(b"\n")
        lines = [b"".join([*self._rest, first]), *others]
        self._rest = [lines.pop()]
        for line in lines:
            data = line.removeprefix(_DATA)
            if len(data) == len(line) or data == _DONE:
                continue
            part = self._part(_EVENTS.decode(data))
            if part is not None:
                yield part

    def check_complete(self) -> None:
        """Raise :class:`LLMRouterError` unless the stream came to its proper end."""
        if not self._complete:
            raise LLMRouterError(self._error_text, code="NETWORK", retryable=True)

    def _part(self, event: _Event) -> StreamPart | None:
        match event.type:
            case "text-delta":
                self._texts.append(event.delta)
                return TextDelta(event.delta)
            case "reasoning-delta":
                return ReasoningDelta(event.delta)
            case "start":
                about = event.message_metadata or _Metadata()
                return StartPart(about.request_id, about.provider, about.model, self._cache)
            case "start-step" | "error":
                self._note(event)
                return None
            case "finish":
                return self._finish(event, event.message_metadata or _Metadata())
            case _:
                return self._tool_part(event)

    def _note(self, event: _Event) -> None:
        if event.type == "error":
            self._error_text = event.error_text
            return
        # The answer's text, and the calls for the caller, are those of its last step.
        self._texts.clear()
        self._calls.clear()

    def _tool_part(self, event: _Event) -> StreamPart | None:
        match event.type:
            case "tool-input-start":
                self._names[event.tool_call_id] = event.tool_name
                return ToolCallStart(event.tool_call_id, event.tool_name, event.provider_executed)
            case "tool-input-delta":
                return ToolCallDelta(event.tool_call_id, event.input_text_delta)
            case "tool-input-available":
                call = ToolCall(tool_call_id=event.tool_call_id, tool_name=event.tool_name, args=event.input)
                if not event.provider_executed:
                    self._calls.append(call)
                return ToolCallEnd(call, event.provider_executed)
            case "tool-output-available" | "tool-output-error":
                failed = event.type == "tool-output-error"
                result = event.error_text if failed else event.output
                return ToolOutput(event.tool_call_id, self._names.get(event.tool_call_id, ""), result, failed)
            case _:
                return None

    def _finish(self, event: _Event, about: _Metadata) -> FinishPart:
        if about.error is not None:
            raise error_from(about.error, None)
        self._complete = True
        document = {
            **msgspec.to_builtins(about),
            "text": "".join(self._texts),
            "toolCalls": msgspec.to_builtins(self._calls),
            "finishReason": event.finish_reason,
        }
        return FinishPart(msgspec.convert(document, LLMResponse))

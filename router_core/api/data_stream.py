"""The data stream of the AI SDK 4: lines of ``code:json``, ended by the end of the body."""

from collections.abc import Callable
from typing import Any

from router_core.api.encoding import encode_json
from router_core.api.errors import Header, error_facts
from router_core.api.ui_stream import metadata_of
from router_core.errors import LLMError
from router_core.types import (
    FinishPart,
    ReasoningDelta,
    StartPart,
    StepEnd,
    StreamPart,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolOutput,
    WireUsage,
)

__all__ = ["DataStream"]

DATA_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"x-vercel-ai-data-stream", b"v1"),
    (b"x-accel-buffering", b"no"),
)


def _line(code: bytes, document: Any) -> bytes:
    return code + encode_json(document) + b"\n"


class DataStream:
    """Encodes one answer."""

    __slots__ = ("_request_id", "_steps", "_writers")

    headers = DATA_HEADERS

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._steps: list[WireUsage] = []
        self._writers: dict[type, Callable[[Any], bytes]] = {
            TextDelta: self._text,
            ReasoningDelta: self._reasoning,
            StartPart: self._start,
            ToolCallStart: self._tool_start,
            ToolCallDelta: self._tool_delta,
            ToolCallEnd: self._tool_end,
            ToolOutput: self._tool_output,
            StepEnd: self._step_end,
            FinishPart: self._finish,
        }

    def encode(self, part: StreamPart) -> bytes:
        """Return the lines that ``part`` adds."""
        return self._writers[type(part)](part)

    def failure(self, error: LLMError) -> bytes:
        """Return the lines that end a broken stream; what was used is not known then."""
        text = error_facts(error, self._request_id)["message"]
        return _line(b"3:", text) + _ending("error", _usage(None, None), _usage(None, None))

    def _start(self, part: StartPart) -> bytes:
        return _line(b"f:", {"messageId": part.request_id})

    def _text(self, part: TextDelta) -> bytes:
        return b"0:" + encode_json(part.text) + b"\n"

    def _reasoning(self, part: ReasoningDelta) -> bytes:
        return b"g:" + encode_json(part.text) + b"\n" if part.text else b""

    def _tool_start(self, part: ToolCallStart) -> bytes:
        return _line(b"b:", {"toolCallId": part.tool_call_id, "toolName": part.tool_name})

    def _tool_delta(self, part: ToolCallDelta) -> bytes:
        return _line(b"c:", {"toolCallId": part.tool_call_id, "argsTextDelta": part.json_text})

    def _tool_end(self, part: ToolCallEnd) -> bytes:
        return _line(b"9:", part.call)

    def _tool_output(self, part: ToolOutput) -> bytes:
        # The protocol knows results alone; one that is an error says so.
        result = f"Error: {part.result}" if part.is_error else part.result
        return _line(b"a:", {"toolCallId": part.tool_call_id, "result": result})

    def _step_end(self, part: StepEnd) -> bytes:
        # A step is continued when the next one goes on with its text; after tools a new text begins.
        self._steps.append(part.usage)
        usage = _usage(part.usage.prompt_tokens, part.usage.completion_tokens)
        step = {"finishReason": part.finish_reason, "usage": usage, "isContinued": False}
        return _line(b"e:", step) + _line(b"f:", {"messageId": self._request_id})

    def _finish(self, part: FinishPart) -> bytes:
        response = part.response
        usage = response.usage
        # The protocol has no place for provider and cost; an annotation reaches the message without disturbing it.
        note = _line(b"8:", [metadata_of(response)])
        last = _usage(
            usage.prompt_tokens - sum(each.prompt_tokens for each in self._steps),
            usage.completion_tokens - sum(each.completion_tokens for each in self._steps),
        )
        return note + _ending(response.finish_reason, _usage(usage.prompt_tokens, usage.completion_tokens), last)


def _usage(prompt_tokens: int | None, completion_tokens: int | None) -> dict[str, int | None]:
    return {"promptTokens": prompt_tokens, "completionTokens": completion_tokens}


def _ending(reason: str, usage: dict[str, int | None], last: dict[str, int | None]) -> bytes:
    """Return the end of the last step, which used ``last``, and of the whole, which used ``usage``."""
    step = {"finishReason": reason, "usage": last, "isContinued": False}
    return _line(b"e:", step) + _line(b"d:", {"finishReason": reason, "usage": usage})

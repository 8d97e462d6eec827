"""The UI message stream of the AI SDK 5 and later: server-sent events, one JSON object each, then ``[DONE]``."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from router_core.api.encoding import encode_json
from router_core.api.errors import Header, error_facts
from router_core.errors import LLMError
from router_core.types import (
    FinishPart,
    LLMResponse,
    ReasoningDelta,
    StartPart,
    StepEnd,
    StreamPart,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolOutput,
)

__all__ = ["UiStream"]

UI_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream"),
    (b"connection", b"keep-alive"),
    (b"x-vercel-ai-ui-message-stream", b"v1"),
    (b"x-accel-buffering", b"no"),
)
_END = b"}\n\n"
# The client has nothing to do for a tool that runs here.
_EXECUTED: dict[str, Any] = {"providerExecuted": True}
_DONE = b"data: [DONE]\n\n"
_START_STEP = b'data: {"type":"start-step"}\n\n'
_FINISH_STEP = b'data: {"type":"finish-step"}\n\n'


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + encode_json(document) + b"\n\n"


class UiStream:
    """Encodes one answer. Text and reasoning are opened and closed as their deltas come and go."""

    __slots__ = ("_block", "_blocks", "_delta", "_request_id", "_tools", "_writers")

    headers = UI_HEADERS

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._block: type[StreamPart] | None = None
        self._blocks = 0
        self._delta = b""
        self._tools: set[str] = set()
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
        """Return the events that ``part`` adds."""
        return self._writers[type(part)](part)

    def failure(self, error: LLMError) -> bytes:
        """Return the events that end a broken stream; an open text stays open, as the protocol has it."""
        facts = error_facts(error, self._request_id)
        metadata = {"requestId": self._request_id, "error": facts}
        return (
            _event({"type": "error", "errorText": facts["message"]})
            + _FINISH_STEP
            + _event({"type": "finish", "finishReason": "error", "messageMetadata": metadata})
            + _DONE
        )

    def _start(self, part: StartPart) -> bytes:
        # No messageId: a client that continues one of its own messages must keep the id it has.
        metadata = {"requestId": part.request_id, "provider": part.provider, "model": part.model}
        return _event({"type": "start", "messageMetadata": metadata}) + _START_STEP

    def _text(self, part: TextDelta) -> bytes:
        if self._block is TextDelta:
            return self._delta + encode_json(part.text) + _END
        return self._open(TextDelta, b"text") + self._delta + encode_json(part.text) + _END

    def _reasoning(self, part: ReasoningDelta) -> bytes:
        if not part.text:
            return b""
        if self._block is ReasoningDelta:
            return self._delta + encode_json(part.text) + _END
        return self._open(ReasoningDelta, b"reasoning") + self._delta + encode_json(part.text) + _END

    def _open(self, block: type[StreamPart], name: bytes) -> bytes:
        closed = self._close()
        self._blocks += 1
        self._block = block
        self._delta = b'data: {"type":"%s-delta","id":"%d","delta":' % (name, self._blocks)
        return closed + b'data: {"type":"%s-start","id":"%d"}\n\n' % (name, self._blocks)

    def _close(self) -> bytes:
        block, self._block = self._block, None
        if block is None:
            return b""
        name = b"text" if block is TextDelta else b"reasoning"
        return b'data: {"type":"%s-end","id":"%d"}\n\n' % (name, self._blocks)

    def _tool_start(self, part: ToolCallStart) -> bytes:
        self._tools.add(part.tool_call_id)
        event = {"type": "tool-input-start", "toolCallId": part.tool_call_id, "toolName": part.tool_name}
        return self._close() + _event(event | _EXECUTED if part.runs_here else event)

    def _tool_delta(self, part: ToolCallDelta) -> bytes:
        event = {"type": "tool-input-delta", "toolCallId": part.tool_call_id, "inputTextDelta": part.json_text}
        return _event(event)

    def _tool_end(self, part: ToolCallEnd) -> bytes:
        call = part.call
        known = call.tool_call_id in self._tools
        begun = b"" if known else self._tool_start(ToolCallStart(call.tool_call_id, call.tool_name, part.runs_here))
        event = {"type": "tool-input-available", "toolCallId": call.tool_call_id, "toolName": call.tool_name,
                 "input": call.args}  # fmt: skip
        return begun + _event(event | _EXECUTED if part.runs_here else event)

    def _tool_output(self, part: ToolOutput) -> bytes:
        if part.is_error:
            event = {"type": "tool-output-error", "toolCallId": part.tool_call_id, "errorText": str(part.result)}
        else:
            event = {"type": "tool-output-available", "toolCallId": part.tool_call_id, "output": part.result}
        return self._close() + _event(event | _EXECUTED)

    def _step_end(self, _part: StepEnd) -> bytes:
        return self._close() + _FINISH_STEP + _START_STEP

    def _finish(self, part: FinishPart) -> bytes:
        response = part.response
        finish = {"type": "finish", "finishReason": response.finish_reason, "messageMetadata": metadata_of(response)}
        return self._close() + _FINISH_STEP + _event(finish) + _DONE


def metadata_of(response: LLMResponse) -> dict[str, Any]:
    """Return what a stream says about its answer: provider, model, usage, cost, times in milliseconds."""
    usage = response.usage
    facts: dict[str, Any] = {
        "requestId": response.request_id,
        "provider": response.provider,
        "model": response.model,
        "usage": {
            # The SDK's own names first, ours after them.
            "inputTokens": usage.prompt_tokens,
            "outputTokens": usage.completion_tokens,
            "totalTokens": usage.total_tokens,
            "promptTokens": usage.prompt_tokens,
            "completionTokens": usage.completion_tokens,
            "cachedTokens": usage.cached_tokens,
            "reasoningTokens": usage.reasoning_tokens,
        },
        "cost": response.cost,
        "latencyMs": response.latency_ms,
        "steps": response.steps,
        "cached": response.cached,
        "cache": response.cache,
        "similarity": response.similarity,
        "decision": response.decision,
    }
    return {name: value for name, value in facts.items() if value is not UNSET}

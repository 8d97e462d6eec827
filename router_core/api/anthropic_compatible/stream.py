"""Streams messages: the vendor's own events where there are some, else events made of the answer's parts."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from router_core.api.anthropic_compatible.answer import message_id, reasoning_block, stop_of, usage_document
from router_core.api.compatible.errors import ANTHROPIC
from router_core.api.compatible.relaying import RelayEncoder, framed
from router_core.api.encoding import encode_json
from router_core.errors import LLMError
from router_core.types import (
    ReasoningDelta,
    ReasoningPart,
    RelayedRequest,
    RelayedResponse,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)

__all__ = ["MessageStream"]

_TEXT: Final = "text"
_THINKING: Final = "thinking"
_TOOL: Final = "tool_use"


class _Block(Struct):
    type: str = ""
    id: str = ""


class _Event(Struct):
    """What has to be known of an event of the vendor's, should the rest have to be ours."""

    type: str
    index: int = 0
    content_block: _Block | None = None


_EVENT: Final = msgspec.json.Decoder(_Event)


class MessageStream(RelayEncoder):
    """Encodes one answer as the events of one message."""

    __slots__ = ("_id", "_next", "_open", "_opened", "_request_id", "_said", "_stop", "_tools")

    def __init__(self, _request: RelayedRequest, request_id: str, _created: int) -> None:
        super().__init__()
        self._request_id = request_id
        self._opened = False
        # The vendor's own end marker.
        self._stop = b""
        # The type of the block that is open, the index of the next one, the tools' indexes, and who said something.
        self._open = ""
        self._next = 0
        self._tools: dict[str, int] = {}
        self._said: set[str] = set()

    def failure(self, error: LLMError) -> bytes:
        """Return the event that ends a broken stream; nothing follows it."""
        return _event(ANTHROPIC.document(error, self._request_id))

    # --- the vendor's own ------------------------------------------------------------------------------------------

    def _relayed(self, payload: bytes) -> bytes:
        event = _EVENT.decode(payload)
        told = framed(event.type, payload)
        match event.type:
            case "message_start":
                self._opened = True
            case "content_block_start":
                block = event.content_block or _Block()
                self._open, self._next = block.type, event.index + 1
            case "content_block_stop":
                self._open = ""
            case "message_stop":
                # Goes out when the answer is on record.
                self._stop = told
                return b""
        return told

    # --- our own ---------------------------------------------------------------------------------------------------

    def _text(self, part: TextDelta) -> bytes:
        begun = self._block(_TEXT, {"type": _TEXT, "text": ""})
        return begun + self._delta({"type": "text_delta", "text": part.text})

    def _reasoning(self, part: ReasoningDelta) -> bytes:
        if part.data:
            return self._block("", reasoning_block(ReasoningPart(data=part.data))) + self._close()
        made = self._block(_THINKING, reasoning_block(ReasoningPart()))
        if part.text:
            made += self._delta({"type": "thinking_delta", "thinking": part.text})
        if part.signature:
            made += self._delta({"type": "signature_delta", "signature": part.signature}) + self._close()
        return made

    def _tool_start(self, part: ToolCallStart) -> bytes:
        self._tools[part.tool_call_id] = self._next
        block = {"type": _TOOL, "id": part.tool_call_id, "name": part.tool_name, "input": {}}
        return self._block("", block)

    def _tool_delta(self, part: ToolCallDelta) -> bytes:
        """One may come when the next call has begun, and its block is closed: readers go by the index."""
        self._said.add(part.tool_call_id)
        return self._delta({"type": "input_json_delta", "partial_json": part.json_text}, self._tools[part.tool_call_id])

    def _tool_end(self, part: ToolCallEnd) -> bytes:
        """A call that came whole has said nothing yet."""
        call, made = part.call, b""
        if call.tool_call_id not in self._tools:
            made = self._tool_start(ToolCallStart(call.tool_call_id, call.tool_name))
        if call.tool_call_id not in self._said and call.args:
            made += self._tool_delta(ToolCallDelta(call.tool_call_id, encode_json(call.args).decode()))
        is_last = self._open == _TOOL and self._tools[call.tool_call_id] == self._next - 1
        return made + (self._close() if is_last else b"")

    def _block(self, kind: str, block: dict[str, Any]) -> bytes:
        """Return what opens a block of ``kind``, nothing where one is open."""
        if kind and self._open == kind:
            return b""
        made = self._start() + self._close()
        self._open = kind or block["type"]
        self._next += 1
        return made + _event({"type": "content_block_start", "index": self._next - 1, "content_block": block})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event({"type": "content_block_stop", "index": self._next - 1})

    def _delta(self, delta: dict[str, Any], index: int | None = None) -> bytes:
        place = self._next - 1 if index is None else index
        return _event({"type": "content_block_delta", "index": place, "delta": delta})

    def _start(self) -> bytes:
        if self._opened:
            return b""
        self._opened = True
        message: dict[str, Any] = {
            "id": message_id(self._request_id), "type": "message", "role": "assistant", "model": self._model,
            "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage_document(Usage()),
        }  # fmt: skip
        return _event({"type": "message_start", "message": message})

    def _finish(self, response: RelayedResponse) -> bytes:
        """Return the end, of which the vendor's own stream has told all but its end marker."""
        if self._stop:
            return self._stop
        usage = usage_document(response.spent)
        del usage["cache_creation"]
        delta = {"type": "message_delta", "delta": stop_of(response), "usage": usage}
        return self._start() + self._close() + _event(delta) + _event({"type": "message_stop"})


def _event(document: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (document["type"].encode(), encode_json(document))

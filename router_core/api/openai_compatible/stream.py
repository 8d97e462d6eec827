"""Streams chat completions: the vendor's own chunks where there are some, else chunks made of the answer's parts."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from router_core.api.compatible.errors import OPENAI
from router_core.api.compatible.relaying import RelayEncoder
from router_core.api.encoding import encode_json, event_of
from router_core.api.openai_compatible.answer import FINISH_REASONS, chat_id, usage_document
from router_core.api.openai_compatible.reasoning import DetailedReasoning
from router_core.errors import LLMError
from router_core.types import (
    ReasoningDelta,
    RelayedRequest,
    RelayedResponse,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

__all__ = ["ChatStream"]

_END: Final = b"[DONE]"
_DONE: Final = b"data: [DONE]\n\n"
_NULL: Final = b"null"


class _Options(Struct):
    include_usage: bool | None = None


class _Chunk(Struct):
    """What chunks of our own take over from the vendor's, of whatever type: they go out as they came in any case."""

    id: Any = None
    created: Any = None
    model: Any = None


_OPTIONS: Final = msgspec.json.Decoder(_Options | None)
_CHUNK: Final = msgspec.json.Decoder(_Chunk)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])


class ChatStream(RelayEncoder):
    """Encodes one answer as chunks of one id. Usage is told to who asked for it."""

    __slots__ = (
        "_calls", "_created", "_id", "_is_counted", "_is_named", "_is_told", "_opened", "_said", "_thoughts",
        "_usage_wanted",
    )  # fmt: skip

    def __init__(self, request: RelayedRequest, request_id: str, created: int) -> None:
        super().__init__()
        options = _OPTIONS.decode(request.native.fields.get("stream_options", _NULL))
        self._usage_wanted = options is not None and bool(options.include_usage)
        self._id = chat_id(request_id)
        self._created = created
        self._opened = False
        self._is_named = False
        self._is_told = False
        # Whether usage is told, to who asked for it: not every vendor of the protocol does.
        self._is_counted = not self._usage_wanted
        self._calls: dict[str, int] = {}
        self._said: set[str] = set()
        self._thoughts = DetailedReasoning()

    def failure(self, error: LLMError) -> bytes:
        """Return the event that ends a broken stream; no end marker follows, so nobody takes it for whole."""
        return _event(OPENAI.document(error, ""))

    # --- the vendor's own ------------------------------------------------------------------------------------------

    def _relayed(self, payload: bytes) -> bytes:
        if payload == _END:
            # Goes out when the answer is on record.
            self._is_told = True
            return b""
        if not self._is_named:
            self._take_over(_CHUNK.decode(payload))
        if b'"usage"' not in payload:
            return event_of(payload)
        if not self._usage_wanted:
            return self._without_usage(payload)
        self._is_counted = self._is_counted or bytes(_FIELDS.decode(payload).get("usage", _NULL)) != _NULL
        return event_of(payload)

    def _take_over(self, chunk: _Chunk) -> None:
        self._opened = True
        if chunk.id:
            self._is_named = True
            self._id, self._created, self._model = chunk.id, chunk.created or self._created, chunk.model or self._model

    def _without_usage(self, payload: bytes) -> bytes:
        """Return a chunk as it is sent to who did not ask for usage; we always do."""
        fields = _FIELDS.decode(payload)
        if bytes(fields.get("choices", _NULL)) == b"[]" and bytes(fields.get("usage", _NULL)) != _NULL:
            return b""
        if bytes(fields.get("usage", b"")) == _NULL:
            del fields["usage"]
            payload = encode_json(fields)
        return event_of(payload)

    # --- our own ---------------------------------------------------------------------------------------------------

    def _text(self, part: TextDelta) -> bytes:
        return self._delta({"content": part.text})

    def _reasoning(self, part: ReasoningDelta) -> bytes:
        # What seals a thought is for its own vendor's protocol.
        return self._delta(self._thoughts.delta(part))

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        opening = b"" if self._opened else self._chunk({"role": "assistant", "content": ""})
        self._opened = True
        return opening + self._chunk(delta)

    def _tool_start(self, part: ToolCallStart) -> bytes:
        place = self._calls[part.tool_call_id] = len(self._calls)
        function = {"name": part.tool_name, "arguments": ""}
        call = {"index": place, "id": part.tool_call_id, "type": "function", "function": function}
        return self._delta({"tool_calls": [call]})

    def _tool_delta(self, part: ToolCallDelta) -> bytes:
        self._said.add(part.tool_call_id)
        return self._arguments(part.tool_call_id, part.json_text)

    def _tool_end(self, part: ToolCallEnd) -> bytes:
        """A call without arguments has said nothing yet; clients parse what there is as JSON."""
        call = part.call
        start = ToolCallStart(call.tool_call_id, call.tool_name)
        begun = b"" if call.tool_call_id in self._calls else self._tool_start(start)
        if call.tool_call_id in self._said:
            return begun
        return begun + self._arguments(call.tool_call_id, encode_json(call.args).decode())

    def _arguments(self, call_id: str, text: str) -> bytes:
        return self._delta({"tool_calls": [{"index": self._calls[call_id], "function": {"arguments": text}}]})

    def _finish(self, response: RelayedResponse) -> bytes:
        """Return the end, of which the vendor's own stream has told all but the end marker."""
        usage = b"" if self._is_counted else self._counted(response)
        if self._is_told:
            return usage + _DONE
        opening = b"" if self._opened else self._delta({"content": ""})
        last = self._chunk({}, FINISH_REASONS[response.finish_reason])
        return opening + last + usage + _DONE

    def _counted(self, response: RelayedResponse) -> bytes:
        return self._event([], {"usage": usage_document(response.spent)})

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._event([choice], {"usage": None} if self._usage_wanted else {})

    def _event(self, choices: list[Any], more: Mapping[str, Any]) -> bytes:
        chunk = {
            "id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": self._model,
            "choices": choices, **more,
        }  # fmt: skip
        return _event(chunk)


def _event(document: Mapping[str, Any]) -> bytes:
    return event_of(encode_json(document))

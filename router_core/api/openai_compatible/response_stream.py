"""Streams responses: the vendor's own events where there are some, else events made of the answer's parts."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec
from msgspec import Raw, Struct, structs

from router_core.api.compatible.errors import OPENAI
from router_core.api.encoding import encode_json
from router_core.api.openai_compatible import response_parts as parts
from router_core.api.openai_compatible.stream import EVENT_STREAM
from router_core.errors import LLMError
from router_core.types import (
    FinishPart,
    NativeEvents,
    ReasoningDelta,
    ReasoningPart,
    RelayedRequest,
    RelayedResponse,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

__all__ = ["ResponseEvents"]

_ENDS: Final = frozenset({"response.completed", "response.incomplete"})


class _Head(Struct):
    id: str | None = None
    created_at: float | None = None
    model: str | None = None


class _Item(Struct):
    id: str | None = None
    type: str = ""


class _Event(Struct):
    """What events of our own, should they have to go on behind the vendor's, must know of those."""

    type: str
    sequence_number: int | None = None
    output_index: int = 0
    delta: Any = None
    item: _Item | None = None
    response: _Head | None = None


class _Whole(Struct):
    item: Raw


_EVENT: Final = msgspec.json.Decoder(_Event)
_WHOLE: Final = msgspec.json.Decoder(_Whole)


class _OpenItem:
    """An item whose end has not been told: its id, its kind, its place, and its text so far."""

    __slots__ = ("call_id", "id", "kind", "name", "place", "texts")

    def __init__(self, item_id: str, kind: str, place: int, call_id: str = "", name: str = "") -> None:
        self.id = item_id
        self.kind = kind
        self.place = place
        self.call_id = call_id
        self.name = name
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(self.texts)

    def at(self, inner: str) -> dict[str, Any]:
        """Return where the item is, and which piece of it, ``inner``, an event is about."""
        return {"item_id": self.id, "output_index": self.place, inner: 0}


class ResponseEvents:
    """Encodes one answer as numbered events: items open as their first part comes, and close before the next does."""

    __slots__ = (
        "_begun", "_covered", "_done", "_held", "_number", "_open", "_own", "_places", "_request", "_shell", "_writers",
    )  # fmt: skip

    headers = EVENT_STREAM

    def __init__(self, request: RelayedRequest, request_id: str, created: int) -> None:
        self._request = request
        self._shell = parts.shell(request, request_id, created, "")
        self._own = self._shell["id"].removeprefix("resp_")
        # Parts that the vendor's own events have told already.
        self._covered = 0
        self._begun = False
        self._number = 0
        self._places = 0
        self._open: _OpenItem | None = None
        self._done: list[Any] = []
        self._held = b""
        self._writers: dict[type, Callable[[Any], bytes]] = {
            TextDelta: self._text,
            ReasoningDelta: self._reasoning,
            ToolCallStart: self._tool_start,
            ToolCallDelta: self._tool_delta,
            ToolCallEnd: self._tool_end,
        }

    def encode(self, part: StreamPart) -> bytes:
        """Return the events that ``part`` adds."""
        match part:
            case NativeEvents():
                self._covered = part.parts
                return b"".join([self._relayed(each) for each in part.payloads])
            case StartPart():
                self._shell["model"] = part.model
                return b""
            case FinishPart():
                # The router answers a relayed request with a relayed response.
                return self._finish(cast(RelayedResponse, part.response))
        if self._covered:
            self._covered -= 1
            return b""
        return self._writers[type(part)](part)

    def failure(self, error: LLMError) -> bytes:
        """Return the events that end a broken stream."""
        told = OPENAI.document(error, "")["error"]
        failed = {
            **self._shell, "status": "failed", "output": self._done,
            "error": {"code": told["code"] or told["type"], "message": told["message"]},
        }  # fmt: skip
        facts = {"code": told["code"], "message": told["message"], "param": told["param"], "error": told}
        return self._event("error", facts) + self._event("response.failed", {"response": failed})

    # --- the vendor's own ------------------------------------------------------------------------------------------

    def _relayed(self, payload: bytes) -> bytes:
        event = _EVENT.decode(payload)
        self._number = self._number + 1 if event.sequence_number is None else event.sequence_number + 1
        self._follow(event, payload)
        framed = b"event: %s\ndata: %s\n\n" % (event.type.encode(), payload)
        if event.type in _ENDS:
            # Goes out when the answer is on record.
            self._held = framed
            return b""
        return framed

    def _follow(self, event: _Event, payload: bytes) -> None:
        """Know what has been told, should the vendor not come to its end."""
        if event.response is not None and not self._begun:
            self._begun = True
            head = structs.asdict(event.response)
            self._shell.update({name: value for name, value in head.items() if value is not None})
        elif event.type == "response.output_item.added" and event.item is not None:
            self._open = _OpenItem(event.item.id or "", event.item.type, event.output_index)
            self._places = event.output_index + 1
        elif event.type == "response.output_item.done":
            self._open = None
            self._done.append(_WHOLE.decode(payload).item)
        elif self._open is not None and event.type == "response.output_text.delta":
            self._open.texts.append(event.delta)

    # --- our own ---------------------------------------------------------------------------------------------------

    def _text(self, part: TextDelta) -> bytes:
        opened, item = self._opened("message", "msg")
        item.texts.append(part.text)
        told = {**item.at("content_index"), "delta": part.text, "logprobs": []}
        return opened + self._event("response.output_text.delta", told)

    def _reasoning(self, part: ReasoningDelta) -> bytes:
        opened, item = self._opened("reasoning", "rs")
        told = b""
        if part.text:
            if not item.texts:
                summary = {**item.at("summary_index"), "part": {"type": "summary_text", "text": ""}}
                told = self._event("response.reasoning_summary_part.added", summary)
            item.texts.append(part.text)
            told += self._event(
                "response.reasoning_summary_text.delta", {**item.at("summary_index"), "delta": part.text}
            )
        sealed = part.signature or part.data
        return opened + told + (self._close(signature=part.signature, data=part.data) if sealed else b"")

    def _tool_start(self, part: ToolCallStart) -> bytes:
        return self._begin_item("function_call", "fc", part.tool_call_id, part.tool_name)

    def _tool_delta(self, part: ToolCallDelta) -> bytes:
        item = self._open
        if item is None or item.call_id != part.tool_call_id:
            return b""
        item.texts.append(part.json_text)
        place = {"item_id": item.id, "output_index": item.place}
        return self._event("response.function_call_arguments.delta", {**place, "delta": part.json_text})

    def _tool_end(self, part: ToolCallEnd) -> bytes:
        """A call whose arguments came in one piece has said nothing of them yet."""
        call = part.call
        begun = b""
        if self._open is None or self._open.call_id != call.tool_call_id:
            begun = self._tool_start(ToolCallStart(call.tool_call_id, call.tool_name))
        if self._open is not None and not self._open.texts:
            begun += self._tool_delta(ToolCallDelta(call.tool_call_id, parts.encoded(call.args)))
        return begun + self._close()

    def _opened(self, kind: str, prefix: str) -> tuple[bytes, _OpenItem]:
        """Return the open item of that kind, and the events that open it where it is not open yet."""
        item = self._open
        if item is not None and item.kind == kind:
            return b"", item
        events = self._begin_item(kind, prefix)
        return events, cast(_OpenItem, self._open)

    def _begin_item(self, kind: str, prefix: str, call_id: str = "", name: str = "") -> bytes:
        events = self._begin() + self._close()
        item = self._open = _OpenItem(f"{prefix}_{self._own}_{self._places}", kind, self._places, call_id, name)
        self._places += 1
        shown = self._document(item, "in_progress", None)
        events += self._event("response.output_item.added", {"output_index": item.place, "item": shown})
        if kind == "message":
            events += self._event(
                "response.content_part.added", {**item.at("content_index"), "part": parts.text_part("")}
            )
        return events

    def _document(self, item: _OpenItem, status: str, thought: ReasoningPart | None) -> dict[str, Any]:
        if item.kind == "message":
            return parts.message_item(item.id, item.text if item.texts else None, status)
        if item.kind == "reasoning":
            return parts.reasoning_item(item.id, thought)
        return parts.call_item(item.id, item.call_id, item.name, item.text, status)

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._event("response.created", {"response": self._shell}) + self._event(
            "response.in_progress", {"response": self._shell}
        )

    def _close(self, status: str = "completed", *, signature: str = "", data: str = "") -> bytes:
        """Return the events that end the open item, none where none is open."""
        item, self._open = self._open, None
        if item is None:
            return b""
        thought = ReasoningPart(text=item.text, signature=signature, data=data)
        shown = self._document(item, status, thought)
        self._done.append(shown)
        told = {"output_index": item.place, "item": shown}
        return self._closing(item) + self._event("response.output_item.done", told)

    def _closing(self, item: _OpenItem) -> bytes:
        if item.kind == "message":
            place = item.at("content_index")
            return self._event("response.output_text.done", {**place, "text": item.text, "logprobs": []}) + self._event(
                "response.content_part.done", {**place, "part": parts.text_part(item.text)}
            )
        if item.kind == "reasoning":
            if not item.texts:
                return b""
            place = item.at("summary_index")
            summary = {"type": "summary_text", "text": item.text}
            return self._event("response.reasoning_summary_text.done", {**place, "text": item.text}) + self._event(
                "response.reasoning_summary_part.done", {**place, "part": summary}
            )
        place = {"item_id": item.id, "output_index": item.place}
        return self._event("response.function_call_arguments.done", {**place, "arguments": item.text})

    def _finish(self, response: RelayedResponse) -> bytes:
        """Return the end: the vendor's own where it came."""
        if self._held:
            return self._held
        events = self._begin() + self._close(parts.item_status(response.finish_reason))
        end = parts.ended(self._shell, response.finish_reason, self._done, response.spent)
        return events + self._event(f"response.{end['status']}", {"response": end})

    def _event(self, kind: str, facts: Mapping[str, Any]) -> bytes:
        document = {"type": kind, **facts, "sequence_number": self._number}
        self._number += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), encode_json(document))

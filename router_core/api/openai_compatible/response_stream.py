"""Streams responses: the vendor's own events where there are some, else events made of the answer's parts."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, structs

from router_core.api.compatible.errors import OPENAI
from router_core.api.compatible.relaying import RelayEncoder, framed
from router_core.api.encoding import encode_json
from router_core.api.openai_compatible import response_parts as parts
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
    """An item whose end has not been told: its id, its kind, its place, and its text so far; a call's id and name."""

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

    def at(self, *inner: str) -> dict[str, Any]:
        """Return where the item is, and which piece of it, ``inner``, an event is about."""
        return {"item_id": self.id, "output_index": self.place, **dict.fromkeys(inner, 0)}


class ResponseEvents(RelayEncoder):
    """Encodes one answer as numbered events: an item opens as its first part comes, and closes before the next does;
    calls close as they end.
    """

    __slots__ = ("_begun", "_calls", "_done", "_held", "_number", "_open", "_own", "_places", "_shell")

    def __init__(self, request: RelayedRequest, request_id: str, created: int) -> None:
        super().__init__()
        self._shell = parts.shell(request, request_id, created, "")
        self._own = self._shell["id"].removeprefix("resp_")
        self._begun = False
        self._number = 0
        self._places = 0
        self._open: _OpenItem | None = None
        self._calls: dict[str, _OpenItem] = {}
        # Items that are complete, by their place.
        self._done: dict[int, Any] = {}
        self._held = b""

    def failure(self, error: LLMError) -> bytes:
        """Return the events that end a broken stream."""
        told = OPENAI.document(error, "")["error"]
        facts = {"code": told["code"], "message": told["message"], "param": told["param"], "error": told}
        failed = {
            **self._shell, "status": "failed", "output": self._said(),
            "error": {"code": told["code"] or told["type"], "message": told["message"]},
        }  # fmt: skip
        return self._event("error", facts) + self._event("response.failed", {"response": failed})

    # --- the vendor's own ------------------------------------------------------------------------------------------

    def _relayed(self, payload: bytes) -> bytes:
        event = _EVENT.decode(payload)
        self._number = self._number + 1 if event.sequence_number is None else event.sequence_number + 1
        self._follow(event, payload)
        told = framed(event.type, payload)
        if event.type in _ENDS:
            # Goes out when the answer is on record.
            self._held = told
            return b""
        return told

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
            self._done[event.output_index] = _WHOLE.decode(payload).item
        elif self._open is not None and event.type == "response.output_text.delta":
            self._open.texts.append(event.delta)

    # --- our own ---------------------------------------------------------------------------------------------------

    def _text(self, part: TextDelta) -> bytes:
        opened, item = self._opened("message", "msg")
        item.texts.append(part.text)
        told = {**item.at("content_index"), "delta": part.text, "logprobs": []}
        return opened + self._event("response.output_text.delta", told)

    def _reasoning(self, part: ReasoningDelta) -> bytes:
        told, item = self._opened("reasoning", "rs")
        place = item.at("summary_index")
        if part.text and not item.texts:
            told += self._event("response.reasoning_summary_part.added", {**place, "part": parts.summary_part("")})
        if part.text:
            item.texts.append(part.text)
            told += self._event("response.reasoning_summary_text.delta", {**place, "delta": part.text})
        sealed = part.signature or part.data
        return told + (self._close(signature=part.signature, data=part.data) if sealed else b"")

    def _tool_start(self, part: ToolCallStart) -> bytes:
        events, item = self._begin_item("function_call", "fc", part.tool_call_id, part.tool_name)
        self._calls[part.tool_call_id] = item
        return events

    def _tool_delta(self, part: ToolCallDelta) -> bytes:
        item = self._calls[part.tool_call_id]
        item.texts.append(part.json_text)
        return self._event("response.function_call_arguments.delta", {**item.at(), "delta": part.json_text})

    def _tool_end(self, part: ToolCallEnd) -> bytes:
        """A call whose arguments came in one piece has said nothing of them yet."""
        call, made = part.call, b""
        if call.tool_call_id not in self._calls:
            made = self._tool_start(ToolCallStart(call.tool_call_id, call.tool_name))
        if not self._calls[call.tool_call_id].texts:
            made += self._tool_delta(ToolCallDelta(call.tool_call_id, parts.encoded(call.args)))
        item = self._calls.pop(call.tool_call_id)
        made += self._event("response.function_call_arguments.done", {**item.at(), "arguments": item.text})
        return made + self._ended(item, parts.call_item(item.id, item.call_id, item.name, item.text))

    def _opened(self, kind: str, prefix: str) -> tuple[bytes, _OpenItem]:
        """Return the open item of that kind, and the events that open it where it is not open yet."""
        if self._open is not None and self._open.kind == kind:
            return b"", self._open
        events, self._open = self._begin_item(kind, prefix)
        if kind == "message":
            place = self._open.at("content_index")
            events += self._event("response.content_part.added", {**place, "part": parts.text_part("")})
        return events, self._open

    def _begin_item(self, kind: str, prefix: str, call_id: str = "", name: str = "") -> tuple[bytes, _OpenItem]:
        events = self._begin() + self._close()
        item = _OpenItem(f"{prefix}_{self._own}_{self._places}", kind, self._places, call_id, name)
        self._places += 1
        begun = {
            "message": parts.message_item(item.id, None, "in_progress"),
            "reasoning": parts.reasoning_item(item.id, None),
            "function_call": parts.call_item(item.id, call_id, name, "", "in_progress"),
        }
        told = {"output_index": item.place, "item": begun[kind]}
        return events + self._event("response.output_item.added", told), item

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        self._shell["model"] = self._model
        begun = {"response": self._shell}
        return self._event("response.created", begun) + self._event("response.in_progress", begun)

    def _close(self, status: str = "completed", *, signature: str = "", data: str = "") -> bytes:
        """Return the events that end the open item, none where none is open."""
        item, self._open = self._open, None
        if item is None:
            return b""
        if item.kind == "message":
            place, part = item.at("content_index"), parts.text_part(item.text)
            told = self._event("response.output_text.done", {**place, "text": item.text, "logprobs": []})
            told += self._event("response.content_part.done", {**place, "part": part})
            return told + self._ended(item, parts.message_item(item.id, item.text, status))
        told, place = b"", item.at("summary_index")
        if item.texts:
            told = self._event("response.reasoning_summary_text.done", {**place, "text": item.text})
            summary = parts.summary_part(item.text)
            told += self._event("response.reasoning_summary_part.done", {**place, "part": summary})
        thought = ReasoningPart(text=item.text, signature=signature, data=data)
        return told + self._ended(item, parts.reasoning_item(item.id, thought))

    def _ended(self, item: _OpenItem, shown: dict[str, Any]) -> bytes:
        self._done[item.place] = shown
        return self._event("response.output_item.done", {"output_index": item.place, "item": shown})

    def _finish(self, response: RelayedResponse) -> bytes:
        """Return the end: the vendor's own where it came."""
        if self._held:
            return self._held
        events = self._begin() + self._close(parts.item_status(response.finish_reason))
        end = parts.ended(self._shell, response.finish_reason, self._output(), response.spent)
        return events + self._event(f"response.{end['status']}", {"response": end})

    def _said(self) -> list[Any]:
        """Return the items that are complete, and behind them as much of a text as came."""
        item = self._open
        if item is None or item.kind != "message":
            return self._output()
        return [*self._output(), parts.message_item(item.id, item.text, "incomplete")]

    def _output(self) -> list[Any]:
        return [self._done[place] for place in sorted(self._done)]

    def _event(self, kind: str, facts: Mapping[str, Any]) -> bytes:
        document = {"type": kind, **facts, "sequence_number": self._number}
        self._number += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), encode_json(document))

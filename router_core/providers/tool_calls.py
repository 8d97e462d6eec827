"""Puts tool calls together from the pieces in which they arrive."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from router_core.providers.failures import UnreadableAnswerError, UnusableCallError
from router_core.types import (
    FinishReason,
    LLMRequest,
    ProviderPart,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallPart,
    ToolCallStart,
    TunedRequest,
)

__all__ = ["CUT_OFF", "CallIds", "OpenCalls", "parsed_call"]

CUT_OFF: Final = "length"
_DECODE = msgspec.json.Decoder(dict[str, Any]).decode


def parsed_call(call_id: str, name: str, json_text: str, *, lenient: bool = False) -> ToolCall:
    """Return the tool call. Raises :class:`UnusableCallError` when its arguments are no JSON object.

    A ``lenient`` reader takes them for none instead: an answer that is cut off at its limit is one all the same.
    """
    try:
        args = _DECODE(json_text) if json_text.strip() else {}
    except (msgspec.DecodeError, RecursionError):
        if lenient:
            return ToolCall(tool_call_id=call_id, tool_name=name, args={})
        raise UnusableCallError(f"The arguments of tool call {name!r} are not a JSON object") from None
    return ToolCall(tool_call_id=call_id, tool_name=name, args=args)


class CallIds:
    """Gives each tool call of an answer to ``request`` an id that no other of the conversation has: the provider's own
    where it has one that is new.
    """

    __slots__ = ("_request", "_taken")

    def __init__(self, request: LLMRequest) -> None:
        self._request = request
        self._taken: set[str] | None = None

    def own(self, call_id: str | None) -> str:
        """Return the id of the next call, which its provider calls ``call_id``."""
        if self._taken is None:
            self._taken = {part.tool_call_id for part in _earlier_calls(self._request)}
        own, number = call_id or "", len(self._taken)
        while not own or own in self._taken:
            number += 1
            own = f"{call_id or 'call'}_{number}"
        self._taken.add(own)
        return own


def _earlier_calls(request: LLMRequest) -> Iterator[ToolCallPart]:
    for message in request.messages or ():
        if not isinstance(message.content, str):
            yield from (part for part in message.content if isinstance(part, ToolCallPart))


class _OpenCall:
    __slots__ = ("id", "name", "pieces")

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self.pieces: list[str] = []


class OpenCalls:
    """The tool calls of one stream that have begun and not ended, by their index."""

    __slots__ = ("_broken", "_ids", "_lenient", "_open")

    def __init__(self, request: LLMRequest) -> None:
        self._ids = CallIds(request)
        self._lenient = isinstance(request, TunedRequest)
        self._open: dict[int, _OpenCall] = {}
        self._broken: UnreadableAnswerError | None = None

    def has(self, index: int) -> bool:
        """Say whether the call with ``index`` is open."""
        return index in self._open

    def begin(self, index: int, call_id: str | None, name: str) -> ToolCallStart:
        """Open a call. Raises :class:`UnreadableAnswerError` for one without a name."""
        if not name:
            raise UnreadableAnswerError("A tool call has no name")
        call = self._open[index] = _OpenCall(self._ids.own(call_id), name)
        return ToolCallStart(call.id, name)

    def add(self, index: int, json_text: str) -> ToolCallDelta:
        """Take a piece of an open call's arguments."""
        call = self._open[index]
        call.pieces.append(json_text)
        return ToolCallDelta(call.id, json_text)

    def end(self, index: int) -> Iterator[ProviderPart]:
        """Close a call. One whose arguments are no JSON object ends with nothing, until :meth:`settle` judges it."""
        call = self._open.pop(index)
        try:
            yield ToolCallEnd(parsed_call(call.id, call.name, "".join(call.pieces), lenient=self._lenient))
        except UnreadableAnswerError as error:
            self._broken = error

    def end_all(self, finish: FinishReason) -> Iterator[ProviderPart]:
        """Close all open calls in their order, and settle them."""
        for index in sorted(self._open):
            yield from self.end(index)
        self.settle(finish)

    def settle(self, finish: FinishReason) -> None:
        """The answer ended with ``finish``. Raises :class:`UnreadableAnswerError` for arguments that are no JSON
        object, unless the answer was cut off at its limit, and the call with it.
        """
        if self._broken is not None and finish != CUT_OFF:
            raise self._broken

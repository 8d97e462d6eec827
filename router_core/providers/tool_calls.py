"""Puts tool calls together from the pieces in which they arrive."""

from collections.abc import Iterator
from typing import Any

import msgspec

from router_core.providers.failures import UnreadableAnswerError
from router_core.types import ProviderPart, ToolCall, ToolCallDelta, ToolCallEnd, ToolCallStart

__all__ = ["OpenCalls", "parsed_call"]

_DECODE = msgspec.json.Decoder(dict[str, Any]).decode


def parsed_call(call_id: str, name: str, json_text: str, *, lenient: bool = False) -> ToolCall:
    """Return the tool call. Raises :class:`UnreadableAnswerError` when its arguments are no JSON object.

    A ``lenient`` reader takes them for none instead: an answer that is cut off at its limit is one all the same.
    """
    try:
        args = _DECODE(json_text) if json_text.strip() else {}
    except msgspec.DecodeError:
        if lenient:
            return ToolCall(tool_call_id=call_id, tool_name=name, args={})
        raise UnreadableAnswerError(f"The arguments of tool call {name!r} are not a JSON object") from None
    return ToolCall(tool_call_id=call_id, tool_name=name, args=args)


class _OpenCall:
    __slots__ = ("id", "name", "pieces")

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self.pieces: list[str] = []


class OpenCalls:
    """The tool calls of one stream that have begun and not ended, by their index."""

    __slots__ = ("_lenient", "_open")

    def __init__(self, *, lenient: bool = False) -> None:
        self._lenient = lenient
        self._open: dict[int, _OpenCall] = {}

    def has(self, index: int) -> bool:
        """Say whether the call with ``index`` is open."""
        return index in self._open

    def begin(self, index: int, call_id: str, name: str) -> ToolCallStart:
        """Open a call."""
        if not name:
            raise UnreadableAnswerError("A tool call has no name")
        self._open[index] = _OpenCall(call_id, name)
        return ToolCallStart(call_id, name)

    def add(self, index: int, json_text: str) -> ToolCallDelta:
        """Take a piece of an open call's arguments."""
        call = self._open[index]
        call.pieces.append(json_text)
        return ToolCallDelta(call.id, json_text)

    def end(self, index: int) -> ToolCallEnd:
        """Close a call. Raises :class:`UnreadableAnswerError` when its arguments are no JSON object."""
        call = self._open.pop(index)
        return ToolCallEnd(parsed_call(call.id, call.name, "".join(call.pieces), lenient=self._lenient))

    def end_all(self) -> Iterator[ProviderPart]:
        """Close all open calls in their order."""
        for index in sorted(self._open):
            yield self.end(index)

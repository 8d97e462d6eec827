"""What encoders of streams in vendors' protocols share."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, cast

from router_core.api.errors import Header
from router_core.errors import LLMError
from router_core.types import (
    FinishPart,
    NativeEvents,
    ReasoningDelta,
    RelayedResponse,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

__all__ = ["RelayEncoder", "framed"]

EVENT_STREAM: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
)


_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


def framed(name: str, payload: bytes) -> bytes:
    """Return an event of a vendor's with its name; neither can begin another event, whatever is in them."""
    shown = name if _NAME.fullmatch(name) else "unknown"
    return b"event: %s\ndata: %s\n\n" % (shown.encode(), payload.replace(b"\n", b"\ndata: "))


class RelayEncoder(ABC):
    """Sends the vendor's own events as they came, and writes its protocol's for the parts that those do not tell."""

    __slots__ = ("_covered", "_model", "_writers")

    headers = EVENT_STREAM

    def __init__(self) -> None:
        self._model = ""
        # Parts that the vendor's own events have told already.
        self._covered = 0
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
                self._model = part.model
                return b""
            case FinishPart():
                # The router answers a relayed request with a relayed response.
                return self._finish(cast(RelayedResponse, part.response))
        if self._covered:
            self._covered -= 1
            return b""
        return self._writers[type(part)](part)

    @abstractmethod
    def failure(self, error: LLMError) -> bytes:
        """Return the end of a stream that broke off; ``error`` is already public."""

    @abstractmethod
    def _relayed(self, payload: bytes) -> bytes:
        """Return an event of the vendor's, nothing for one that is to wait until the answer is on record."""

    @abstractmethod
    def _finish(self, response: RelayedResponse) -> bytes:
        """Return the end of the stream."""

    @abstractmethod
    def _text(self, part: TextDelta) -> bytes: ...

    @abstractmethod
    def _reasoning(self, part: ReasoningDelta) -> bytes: ...

    @abstractmethod
    def _tool_start(self, part: ToolCallStart) -> bytes: ...

    @abstractmethod
    def _tool_delta(self, part: ToolCallDelta) -> bytes: ...

    @abstractmethod
    def _tool_end(self, part: ToolCallEnd) -> bytes: ...

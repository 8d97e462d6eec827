"""What both stream protocols share: how they are asked to encode, and cheap JSON."""

from typing import Protocol

import msgspec

from router_core.api.errors import Header
from router_core.errors import LLMError
from router_core.types import StreamPart

__all__ = ["StreamEncoder", "encode_json", "event_of"]

encode_json = msgspec.json.Encoder().encode


def event_of(payload: bytes) -> bytes:
    """Return a server-sent event; each line of a payload that has several goes out as one."""
    return b"data: %s\n\n" % (payload.replace(b"\n", b"\ndata: ") if b"\n" in payload else payload)


class StreamEncoder(Protocol):
    """Turns the parts of one answer into the bytes of one protocol, in order."""

    headers: tuple[Header, ...]

    def encode(self, part: StreamPart) -> bytes:
        """Return what ``part`` adds to the stream."""
        ...

    def failure(self, error: LLMError) -> bytes:
        """Return the end of a stream that broke off; ``error`` is already public."""
        ...

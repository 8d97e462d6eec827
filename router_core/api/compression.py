"""Answers of some size go out as gzip to those who take it; streams of events never, since they would be held up."""

import asyncio
import re
import zlib
from typing import Any, Final

from starlette.types import Message, Send

__all__ = ["Squeezed", "accepts_gzip"]

LEAST_BYTES: Final = 2048
"""Smaller answers are not worth it."""
INLINE_BYTES: Final = 100_000
"""More at once is compressed in a thread, so that the event loop is not held."""

_LEVEL: Final = 4
_GZIP: Final = zlib.MAX_WBITS | 16
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
# What is compressed when it is whole, and what also when it comes in pieces that nobody waits for one by one.
_WHOLE: Final = frozenset({b"application/json", b"text/html", b"text/plain", b"text/csv", b"application/jsonl"})
_PIECEMEAL: Final = frozenset({b"text/csv", b"application/jsonl"})
_VARY: Final = (b"vary", b"accept-encoding")
_CODED: Final = (b"content-encoding", b"gzip")


def accepts_gzip(header: bytes) -> bool:
    """Say whether an Accept-Encoding header lets gzip be sent; what cannot be read does not."""
    weights: dict[str, float] = {}
    for entry in header.decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in entry.split(";"))
        weight = "1"
        for each in parameters:
            key, _, value = each.partition("=")
            weight = value.strip() if key.strip() == "q" else "?"
        weights[name] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


class Squeezed:
    """The way out of one answer whose client sent ``accepted`` as its Accept-Encoding.

    Its head waits for the first piece of the body: only then its length is known.
    """

    __slots__ = ("_accepted", "_coder", "_head", "_send")

    def __init__(self, send: Send, accepted: bytes) -> None:
        self._send = send
        self._accepted = accepted
        self._head: Message | None = None
        self._coder: Any = None

    async def send(self, message: Message) -> None:
        """Send a piece of the answer, compressed where that is worth it."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._coder is None:
            await self._send(message)
        else:
            await self._squeeze(message)

    async def _begin(self, head: Message) -> None:
        if _is_worth_it(head):
            head["headers"] = [*head["headers"], _VARY]
            if accepts_gzip(self._accepted):
                self._coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
                self._head = head
                return
        await self._send(head)

    async def _squeeze(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if len(body) > INLINE_BYTES:
            small = await asyncio.to_thread(self._coded, body, more=more)
        else:
            small = self._coded(body, more=more)
        head, self._head = self._head, None
        if head is not None:
            length = () if more else ((b"content-length", b"%d" % len(small)),)
            kept = [each for each in head["headers"] if each[0] != b"content-length"]
            await self._send({**head, "headers": [*kept, *length, _CODED]})
        await self._send({**message, "body": small})

    def _coded(self, body: bytes, *, more: bool) -> bytes:
        small: bytes = self._coder.compress(body)
        return small if more else small + self._coder.flush()


def _is_worth_it(head: Message) -> bool:
    kind = length = b""
    for name, value in head["headers"]:
        if name == b"content-type":
            kind = value.partition(b";")[0].strip().lower()
        elif name == b"content-length":
            length = value
        elif name == b"content-encoding":
            return False
    if length:
        return kind in _WHOLE and int(length) >= LEAST_BYTES
    return kind in _PIECEMEAL

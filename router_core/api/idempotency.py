"""``Idempotency-Key``: a request that is sent again is answered again, not served again."""

import asyncio
import logging
import re
import zlib
from collections.abc import Coroutine
from typing import Any, Final

from starlette.types import Message, Receive

from router_core.api.body import read_body
from router_core.api.call import Call
from router_core.api.errors import Header
from router_core.errors import (
    LLMError,
    OverloadedError,
    RequestRefusedError,
    ValidationError,
)
from router_core.idempotency.answers import Errand, KeptAnswer, Turn

__all__ = ["IDEMPOTENCY_KEY", "Tape", "replayed"]

IDEMPOTENCY_KEY: Final = b"idempotency-key"
MOST_KEPT_BYTES: Final = 1024 * 1024
"""Of an answer, deflated; a larger one is not kept, and its request runs again."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of an answer as it goes out; the same."""

_KEY: Final = re.compile(rb"[!-~]{1,255}")
_REPLAYED: Final = (b"idempotent-replayed", b"true")
# Of this call, or of no use to whoever gets the answer again.
_PASSING: Final = frozenset(
    {b"x-request-id", b"ratelimit", b"ratelimit-policy", b"cache-control", b"x-content-type-options", b"connection"}
)
_INLINE_BYTES: Final = 100_000
_PIECE: Final = 64 * 1024
_log = logging.getLogger(__name__)


async def replayed(call: Call) -> bool:
    """Answer ``call`` as it was answered before; return False when it is to be served now, and listened to.

    Whatever comes of it counts as a request against the caller's limits, as what is served does.
    Raises :class:`ValidationError` for what is no key, what reading the body raises,
    :class:`IdempotencyConflictError`, :class:`IdempotencyMismatchError`, :class:`OverloadedError` when keys cannot be
    looked up, and :class:`RateLimitExceededError`.
    """
    try:
        key = _key_of(call)
        body = await read_body(call.receive, call.headers, call.deps.limits)
        found = await call.deps.idempotency.begin(Errand(call.principal, call.route, key, body))
    except LLMError as error:
        if not isinstance(error, OverloadedError):
            await call.deps.router.charge(call.principal, slip=call.quota)
        raise
    if isinstance(found, KeptAnswer):
        await call.deps.router.charge(call.principal, slip=call.quota)
        await _repeat(call, found)
        return True
    call.receive = _again(body, call.receive)
    tape = Tape(call, found)
    call.send, call.on_end = tape.send, tape.close
    return False


def _key_of(call: Call) -> bytes:
    keys = [value for name, value in call.raw_headers if name == IDEMPOTENCY_KEY]
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise ValidationError("has 1 to 255 visible ASCII characters, and comes once", field="Idempotency-Key")
    return keys[0]


def _again(body: bytes, receive: Receive) -> Receive:
    """Return ``receive`` with the body that was read from it in front."""
    waiting = [body]

    async def receive_again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return receive_again


async def _repeat(call: Call, kept: KeptAnswer) -> None:
    if kept.size > _INLINE_BYTES:
        body = await asyncio.to_thread(zlib.decompress, kept.body)
    else:
        body = zlib.decompress(kept.body)
    # Its body has the id under which the request is on record; this call has one of its own.
    first = (b"x-original-request-id", kept.request_id.encode())
    await call.start(kept.status, (*kept.headers, _REPLAYED, first))
    for start in range(0, len(body), _PIECE):
        await call.write(body[start : start + _PIECE])
    await call.write(b"", last=True)


class Tape:
    """Listens to an answer on its way out, and has it kept before its last piece is sent.

    What is kept are successes that came to their end, and a provider's refusals of the request itself: those are the
    same however often they are asked for. Everything else lets the next request with the key run.
    """

    __slots__ = ("_body", "_call", "_deflate", "_ending", "_headers", "_send", "_size", "_status", "_turn")

    def __init__(self, call: Call, turn: Turn) -> None:
        self._call = call
        self._turn = turn
        self._send = call.send
        self._status = 0
        self._headers: tuple[Header, ...] = ()
        # A small window: many answers may be under way.
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, 13, 7)
        self._body = bytearray()
        self._size = 0
        self._ending: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        """Send a piece of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple((name, value) for name, value in message["headers"] if name not in _PASSING)
        else:
            await self._listen(message.get("body", b""))
            if not message.get("more_body", False):
                # A client that leaves now must not keep the answer from being kept.
                await asyncio.shield(self._end(self._finish()))
        await self._send(message)

    async def close(self) -> None:
        """The request is over; when its answer is not whole, the next one with its key runs."""
        await asyncio.wait({self._ending or self._end(self._turn.release())})

    def _end(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        self._ending = asyncio.create_task(work)
        return self._ending

    async def _listen(self, body: bytes) -> None:
        self._size += len(body)
        if self._is_too_large():
            return
        if len(body) > _INLINE_BYTES:
            self._body += await asyncio.to_thread(self._deflate.compress, body)
        else:
            self._body += self._deflate.compress(body)

    async def _finish(self) -> None:
        if not self._is_final() or self._is_too_large():
            await self._turn.release()
            return
        self._body += self._deflate.flush()
        await self._turn.keep(
            KeptAnswer(self._call.request_id, self._status, self._headers, bytes(self._body), self._size)
        )

    def _is_final(self) -> bool:
        failure = self._call.failure
        if failure is None:
            return 200 <= self._status < 300
        return isinstance(failure, RequestRefusedError) and self._status >= 400

    def _is_too_large(self) -> bool:
        return self._size > MOST_BYTES or len(self._body) > MOST_KEPT_BYTES

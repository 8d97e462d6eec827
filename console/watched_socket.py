"""A page's websocket lives no longer than the session that opened it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from router_core.clock import Clock
from router_core.errors import OverloadedError

__all__ = ["ENDED", "WatchedSocket"]

ENDED: Final = 1008
# How often the session is looked at, in seconds; and how long a page has to show that it is over.
EVERY_S: Final = 1.0
GRACE_S: Final = 1.0


def _rerun() -> bytes:
    """Return what a page sends to be drawn anew."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    return bytes(message.SerializeToString())


class WatchedSocket:
    """One open websocket. When its session ends the page is drawn once more, and says so; then it is disconnected."""

    def __init__(self, receive: Receive, send: Send, is_open: Callable[[], Awaitable[bool]], clock: Clock) -> None:
        self._receive, self._send = receive, send
        self._is_open = is_open
        self._clock = clock
        self._pushed: asyncio.Queue[Message] = asyncio.Queue()
        self._coming: asyncio.Task[Message] | None = None
        self._closed = False

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Serve until either end, or the session, is over."""
        watching = asyncio.create_task(self._watch())
        try:
            await app(scope, self._next, self._pass_on)
        finally:
            for task in (watching, self._coming):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task

    async def _watch(self) -> None:
        while await self._still():
            await self._clock.sleep(EVERY_S)
        self._pushed.put_nowait({"type": "websocket.receive", "bytes": _rerun()})
        await self._clock.sleep(GRACE_S)
        self._closed = True
        with suppress(Exception):  # the browser may have left
            await self._send({"type": "websocket.close", "code": ENDED})
        self._pushed.put_nowait({"type": "websocket.disconnect", "code": ENDED})

    async def _still(self) -> bool:
        try:
            return await self._is_open()
        except OverloadedError:  # Who was here before a store went away stays.
            return True

    async def _next(self) -> Message:
        """Return what the browser sends, or what the watch has to say, whichever comes first."""
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._receive())
        pushed = asyncio.ensure_future(self._pushed.get())
        try:
            await asyncio.wait((self._coming, pushed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not pushed.done():
                pushed.cancel()
        if pushed.done() and not pushed.cancelled():
            return pushed.result()
        coming, self._coming = self._coming, None
        return await coming

    async def _pass_on(self, message: Message) -> None:
        if not self._closed:
            await self._send(message)

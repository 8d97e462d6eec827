"""One HTTP call into an ASGI application in this process, from any address; nothing is between caller and program."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message

__all__ = ["Heard", "call_asgi"]


@dataclass(frozen=True)
class Heard:
    """An answer, whole."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def shows(self, text: str) -> bool:
        """Say whether ``text`` is anywhere in the answer."""
        wanted = text.encode()
        return wanted in self.body or any(wanted in value for _, value in self.headers)


async def call_asgi(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    address: str = "127.0.0.1",
    silent: bool = False,
) -> Heard:
    """Return what ``app`` answers to a client at ``address`` that stays until the end; a ``silent`` one sends no body,
    and fails the test when it is asked for it.
    """
    sent: list[Message] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    given = {"host": "signalbox.test", "content-length": str(len(body)), **(headers or {})}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(), "state": {},
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": (address, 4711), "server": ("signalbox.test", 80),
    }  # fmt: skip

    async def receive() -> Message:
        assert not silent, "the body was read"
        if waiting:
            return waiting.pop()
        gone: Message = await asyncio.get_running_loop().create_future()
        return gone

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    head = sent[0]
    return Heard(head["status"], tuple(head["headers"]), b"".join(each.get("body", b"") for each in sent[1:]))

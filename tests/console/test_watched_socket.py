"""A page's websocket ends with the session that opened it."""

import asyncio

from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from console.watched_socket import WatchedSocket
from router_core.errors import OverloadedError
from tests.support.fake_clock import FakeClock


class Rig:
    """A browser that says what it is told to, a page that notes what it hears, and a session."""

    def __init__(self, ends_after: int | None) -> None:
        self.said: asyncio.Queue[Message] = asyncio.Queue()
        self.heard: list[Message] = []
        self.sent: list[Message] = []
        self.ends_after, self.looks, self.looked_often = ends_after, 0, asyncio.Event()
        self.clock = FakeClock()

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            self.heard.append(message)
            await send({"type": "websocket.send", "bytes": b"answer"})
            if message["type"] == "websocket.disconnect":
                return

    async def is_open(self) -> bool:
        self.looks += 1
        if self.ends_after is None:
            if self.looks >= 5:
                self.looked_often.set()
            raise OverloadedError("The store cannot be asked")
        return self.looks <= self.ends_after

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def serve(self) -> None:
        socket = WatchedSocket(self.said.get, self.send, self.is_open, self.clock)
        await socket.serve(self.page, {"type": "websocket"})


async def test_the_page_is_drawn_once_more_and_then_disconnected_when_its_session_ends() -> None:
    rig = Rig(ends_after=5)
    rig.said.put_nowait({"type": "websocket.receive", "bytes": b"hello"})
    await rig.serve()
    hello, again, end = rig.heard
    assert hello["bytes"] == b"hello"
    assert BackMsg.FromString(again["bytes"]).WhichOneof("type") == "rerun_script"
    assert end == {"type": "websocket.disconnect", "code": 1008}
    assert rig.sent[-1] == {"type": "websocket.close", "code": 1008}
    assert rig.clock.waits == [1.0] * 6


async def test_while_the_session_cannot_be_checked_the_page_stays_open() -> None:
    rig = Rig(ends_after=None)
    serving = asyncio.ensure_future(rig.serve())
    await rig.looked_often.wait()
    assert not serving.done()
    rig.said.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await serving
    assert [each["type"] for each in rig.heard] == ["websocket.disconnect"]

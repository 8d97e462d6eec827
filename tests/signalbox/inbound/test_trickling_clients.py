"""Many clients that send one byte after the other: the others hardly notice, and they are let go in time."""

import selectors
import socket
import threading
import time

import pytest

from router_core.clock import SystemClock
from signalbox.inbound.limits import ConnectionGuard, ConnectionLimits, ConnectionSeats
from signalbox.inbound.protocol import guarded_protocol
from tests.support.api_server import serving
from tests.support.raw_http import exchange

SLOW, HEAD_S, EVERY_S = 100, 1.0, 0.2
HEAD = b"GET /x HTTP/1.1\r\nHost: a\r\nX-Slowly: " + b"y" * 100
QUICK = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Tricklers(threading.Thread):
    """Sends a byte on each of its connections, waits, and so on, until the server has ended them all."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.held = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW)]
        self.answers: list[bytes] = []
        self.ended_s = 0.0

    def run(self) -> None:
        """Trickle."""
        began, sent = time.monotonic(), 0
        ready = selectors.DefaultSelector()
        for each in self.held:
            ready.register(each, selectors.EVENT_READ)
        while ready.get_map() and sent < len(HEAD):
            for key in list(ready.get_map().values()):
                key.fileobj.send(HEAD[sent : sent + 1])  # type: ignore[union-attr]
            sent += 1
            until = time.monotonic() + EVERY_S
            while (rest := until - time.monotonic()) > 0 and ready.get_map():
                for key, _ in ready.select(rest):
                    self.answers.append(key.fileobj.recv(4096))  # type: ignore[union-attr]
                    ready.unregister(key.fileobj)
        self.ended_s = time.monotonic() - began
        for each in self.held:
            each.close()


async def _answer(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]


@pytest.mark.alone
def test_many_clients_that_trickle_do_not_hold_up_the_others() -> None:
    guard = ConnectionGuard(ConnectionLimits(head_s=HEAD_S), ConnectionSeats(), SystemClock())
    with serving(_answer, http=guarded_protocol(guard)) as port:
        slow = Tricklers(port)
        slow.start()
        taken = []
        while slow.is_alive():
            began = time.perf_counter()
            assert exchange(port, QUICK).status == 204
            taken.append(time.perf_counter() - began)
        slow.join()
    assert [answer[:13] for answer in slow.answers] == [b"HTTP/1.1 408 "] * SLOW
    assert slow.ended_s < 10 * HEAD_S
    assert sorted(taken)[int(0.99 * len(taken))] < 0.1

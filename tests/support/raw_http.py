"""HTTP byte by byte: requests that no client library would send, and how the connection ends."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["RawAnswer", "exchange", "raw_connection", "read_to_the_end"]

PATIENCE_S = 20.0


@dataclass(frozen=True)
class RawAnswer:
    """What came back until the server closed the connection; ``status`` is 0 when nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The ``error`` object of the envelope."""
        found: dict[str, Any] = json.loads(self.body)["error"]
        return found


@contextmanager
def raw_connection(port: int, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Give a connection from ``source`` to ``port`` on this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S, source_address=(source, 0)) as client:
        yield client


def read_to_the_end(client: socket.socket) -> bytes:
    """Return all that comes until the server closes; a connection that is reset gives what came before."""
    got = bytearray()
    try:
        while piece := client.recv(65_536):
            got += piece
    except ConnectionError:
        pass
    return bytes(got)


def exchange(port: int, *pieces: bytes) -> RawAnswer:
    """Send ``pieces`` and return the first answer, once the server has closed the connection."""
    with raw_connection(port) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
        except ConnectionError:
            pass
        return parsed(read_to_the_end(client))


def parsed(got: bytes) -> RawAnswer:
    """Return the answer in ``got``; its body ends where everything ends."""
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return RawAnswer(int(first.split(" ")[1]) if first else 0, headers, body)

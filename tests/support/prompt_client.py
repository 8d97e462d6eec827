"""A client on one plain connection, which leaves or stops reading whenever its test wants it to."""

import json
import socket
from typing import Any, Self

from tests.support.prompt_routes import PromptRoute

__all__ = ["PromptClient"]

_PATIENCE_S = 20.0
_SMALL_BUFFER = 4096


class PromptClient:
    """Sends one request after another; use it as a context manager. With ``lazy`` the system reads little ahead."""

    def __init__(self, port: int, key: str, *, lazy: bool = False) -> None:
        self._key = key
        self._socket = socket.socket()
        self._socket.settimeout(_PATIENCE_S)
        if lazy:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        self._socket.connect(("127.0.0.1", port))
        self._got = bytearray()

    def ask(self, route: PromptRoute, body: dict[str, Any], **headers: str) -> None:
        """Send a request and wait for nothing."""
        self._socket.sendall(self.packed(route, body, **headers))

    def packed(self, route: PromptRoute, body: dict[str, Any], **headers: str) -> bytes:
        """Return a request as it is on the wire."""
        content = json.dumps(body).encode()
        told = {
            "host": "signalbox.test", "authorization": f"Bearer {self._key}", "content-type": "application/json",
            "content-length": str(len(content)), **headers,
        }  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return f"POST {route.path} HTTP/1.1\r\n{lines}\r\n".encode() + content

    def send(self, raw: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(raw)

    def read_until(self, mark: bytes) -> bytes:
        """Return all that comes up to ``mark`` and with it; what comes behind it is kept for later."""
        while (place := self._got.find(mark)) < 0:
            piece = self._socket.recv(65_536)
            assert piece, f"the connection ended before {mark!r}: {bytes(self._got[-500:])!r}"
            self._got += piece
        end = place + len(mark)
        found = bytes(self._got[:end])
        del self._got[:end]
        return found

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the next whole answer, which says its length."""
        first, *lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        size = int(headers["content-length"])
        while len(self._got) < size:
            self._got += self._socket.recv(65_536)
        body = bytes(self._got[:size])
        del self._got[:size]
        return int(first.split(" ")[1]), headers, body

    def leave(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

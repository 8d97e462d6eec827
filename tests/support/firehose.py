"""A provider that speaks Anthropic's streams as fast as its reader takes them, and knows how much that was."""

import json
import socket
import threading
from types import TracebackType
from typing import Final, Self

__all__ = ["Firehose"]

STREAM_BYTES: Final = 50 * 1024 * 1024
_TEXT: Final = "word " * 200
_SEND_BUFFER: Final = 64 * 1024


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


_USAGE = {"input_tokens": 5, "output_tokens": 1}
_MESSAGE: dict[str, object] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": _USAGE,
}  # fmt: skip
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
_START = _event("message_start", message=_MESSAGE) + _event(
    "content_block_start", index=0, content_block={"type": "text", "text": ""}
)
_DELTA = _event("content_block_delta", index=0, delta={"type": "text_delta", "text": _TEXT})
_END = (
    _event("content_block_stop", index=0)
    + _event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=_USAGE)
    + _event("message_stop")
)


class Firehose(threading.Thread):
    """Serves every connection one stream of 50 MB; use it as a context manager. ``sent`` counts the bytes of all."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._count = threading.Lock()
        self.sent = 0
        self.open = 0

    def run(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._opened(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        try:
            with connection:
                connection.recv(65_536)
                self._send(connection, _HEAD + _START)
                for _ in range(STREAM_BYTES // len(_DELTA)):
                    self._send(connection, _DELTA)
                self._send(connection, _END)
        except OSError:
            """Whoever reads has left."""
        finally:
            self._opened(-1)

    def _send(self, connection: socket.socket, piece: bytes) -> None:
        connection.sendall(piece)
        with self._count:
            self.sent += len(piece)

    def _opened(self, number: int) -> None:
        with self._count:
            self.open += number

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

"""A provider that fails, and tells in its answer every secret that it was given, and some of its own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LeakyUpstream", "leaky_upstream"]


class LeakyUpstream(ThreadingHTTPServer):
    """Answers with the status that the prompt names, and ``own`` secrets; ``told`` is all that went out."""

    daemon_threads = True

    def __init__(self, own: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.own = own
        self.told: list[bytes] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LeakyUpstream

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = (self.headers["x-api-key"] or self.headers["authorization"] or "").removeprefix("Bearer ")
        words = f"x-api-key {key} is wrong; {self.server.own}"
        prompt = json.dumps(asked["messages"])
        if "garbled" in prompt:
            self._answer(200, f"<html>{words}</html>".encode(), "text/html", key)
        elif asked.get("stream"):
            event = {"type": "error", "error": {"type": "overloaded_error", "message": words}}
            self._answer(200, f"event: error\ndata: {json.dumps(event)}\n\n".encode(), "text/event-stream", key)
        else:
            status = next((code for code in (400, 401, 403, 404, 429, 529) if f"[{code}]" in prompt), 500)
            fault = {"type": "error", "error": {"type": "api_error", "message": words, "param": key}, "request_id": key}
            self._answer(status, json.dumps(fault).encode(), "application/json", key)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes, kind: str, key: str) -> None:
        self.server.told.append(key.encode() + body)
        self.send_response(status)
        for name, value in (("request-id", key), ("x-request-id", key), ("set-cookie", f"key={key}")):
            self.send_header(name, value)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def leaky_upstream(own: str) -> Iterator[LeakyUpstream]:
    """Serve one until the block ends."""
    with LeakyUpstream(own) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()

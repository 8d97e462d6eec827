"""The provider behind every candidate: canned OpenAI answers for next to no CPU; ``python -m … PORT``.

Every streamed chunk is its own ``send``, as it is with a real provider; nothing waits between them.
"""

import asyncio
import socket
import sys
from typing import Any

import httptools
import msgspec

from benchmarks.gateway.shapes import ANSWER, CHUNKS, MODEL, PIECES

__all__ = ["answer_bytes", "stream_chunks"]

_ID = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"
_MODEL = f"{MODEL}-2024-07-18"
_USAGE = {"prompt_tokens": 41, "completion_tokens": CHUNKS, "total_tokens": 41 + CHUNKS}


def answer_bytes() -> bytes:
    """Return the whole HTTP answer of a request without streaming."""
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    facts = {"id": _ID, "object": "chat.completion", "created": 1741569952, "model": _MODEL}
    body = msgspec.json.encode({**facts, "choices": [choice], "usage": _USAGE, "service_tier": "default"})
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def stream_chunks(*, with_usage: bool) -> tuple[bytes, ...]:
    """Return the HTTP answer of a streamed request as the pieces to send, the head with the first."""
    events = [_event({"role": "assistant", "content": ""})]
    events += [_event({"content": piece}) for piece in PIECES]
    events.append(_event({}, finish="stop"))
    if with_usage:
        events.append(_data({**_chunk_facts(), "choices": [], "usage": _USAGE}))
    events.append(b"data: [DONE]\n\n")
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    sent = [b"%x\r\n%s\r\n" % (len(event), event) for event in events]
    return (head + sent[0], *sent[1:-1], sent[-1] + b"0\r\n\r\n")


def _chunk_facts() -> dict[str, Any]:
    return {"id": _ID, "object": "chat.completion.chunk", "created": 1741569952, "model": _MODEL}


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _data({**_chunk_facts(), "choices": [choice]})


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


class _Provider(asyncio.Protocol):
    """One connection: collects a body, looks only at whether it asks for a stream, answers at once."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._body = bytearray()
        self._whole = answer_bytes()
        self._plain = stream_chunks(with_usage=False)
        self._metered = stream_chunks(with_usage=True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body.clear()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        asked = bytes(self._body).replace(b" ", b"")
        if b'"stream":true' not in asked:
            self._transport.write(self._whole)
            return
        for piece in self._metered if b'"include_usage":true' in asked else self._plain:
            self._transport.write(piece)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Provider, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))

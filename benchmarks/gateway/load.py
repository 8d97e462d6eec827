"""The load generator, a process of its own: reads a job as JSON from standard input, writes the result as JSON.

Each connection sends its next request when its last answer was read whole and found right or wrong.
"""

import asyncio
import sys
import time
from typing import Any

import httptools
import msgspec
from msgspec import Struct

from benchmarks.gateway.shapes import ANSWER, CHUNKS, Dialect, LoadJob, LoadResult, Shape, request_body

__all__ = ["percentile", "read_pieces"]

_MAX_SAMPLES = 3
_SAMPLE_BYTES = 300


class _Message(Struct, frozen=True):
    content: str | None = None


class _Choice(Struct, frozen=True):
    message: _Message = _Message()
    delta: _Message = _Message()


class _Completion(Struct):
    choices: list[_Choice]


class _Part(Struct):
    type: str
    delta: str = ""


class _Answer(Struct):
    text: str


_completion = msgspec.json.Decoder(_Completion).decode
_part = msgspec.json.Decoder(_Part).decode
_answer = msgspec.json.Decoder(_Answer).decode


def read_pieces(dialect: Dialect, shape: Shape, body: bytes) -> list[str]:
    """Return the pieces of text in an answer. Raises ``msgspec.DecodeError`` or ``IndexError`` for anything else."""
    if shape == "json":
        text = _answer(body).text if dialect == "llm" else _completion(body).choices[0].message.content
        return [text or ""]
    events = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    if not events or events.pop().strip() != b"[DONE]":
        return []
    read = _llm_piece if dialect == "llm" else _openai_piece
    return [piece for piece in map(read, events) if piece]


def _llm_piece(event: bytes) -> str:
    part = _part(event)
    return part.delta if part.type == "text-delta" else ""


def _openai_piece(event: bytes) -> str:
    choices = _completion(event).choices
    return (choices[0].delta.content or "") if choices else ""


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` of ``values`` lie, by nearest rank; 0.0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class _Tally:
    """Counts answers over all connections and hands out the requests that are left."""

    def __init__(self, job: LoadJob) -> None:
        self.job = job
        self.left = job.requests
        self.right = 0
        self.samples: list[str] = []
        self.latencies: list[float] = []
        self.finished = asyncio.Event()
        self._running = job.connections

    def take(self) -> bool:
        """Take one of the requests that are left; say whether there was one."""
        if self.left == 0:
            self.leave()
            return False
        self.left -= 1
        return True

    def leave(self) -> None:
        """Note that a connection has nothing more to do."""
        self._running -= 1
        if self._running == 0:
            self.finished.set()

    def judge(self, status: int, body: bytes, latency_ms: float) -> None:
        """Count an answer as right when its status, text and number of pieces are."""
        try:
            pieces = read_pieces(self.job.dialect, self.job.shape, body) if status == 200 else []
        except (msgspec.DecodeError, IndexError):
            pieces = []
        whole = len(pieces) == (CHUNKS if self.job.shape == "stream" else 1)
        if whole and "".join(pieces) == ANSWER:
            self.right += 1
            self.latencies.append(latency_ms)
        elif len(self.samples) < _MAX_SAMPLES:
            self.samples.append(f"{status} {body[:_SAMPLE_BYTES].decode(errors='replace')}")


class _Client(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._request = _request_bytes(tally.job)
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._open:
            self._open = False
            self._tally.samples.append(f"connection lost: {exc}")
            self._tally.leave()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        latency_ms = (time.perf_counter() - self._sent) * 1e3
        self._tally.judge(self._parser.get_status_code(), b"".join(self._parts), latency_ms)
        self._send()

    def _send(self) -> None:
        if not self._tally.take():
            self._open = False
            self._transport.close()
            return
        self._parts.clear()
        self._sent = time.perf_counter()
        self._transport.write(self._request)


def _request_bytes(job: LoadJob) -> bytes:
    body = request_body(job.dialect, job.shape)
    head = (
        f"POST {job.path} HTTP/1.1\r\nhost: 127.0.0.1:{job.port}\r\nauthorization: Bearer {job.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _run(job: LoadJob) -> LoadResult:
    tally = _Tally(job)
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    for _ in range(job.connections):
        await loop.create_connection(lambda: _Client(tally), "127.0.0.1", job.port)
    try:
        await asyncio.wait_for(tally.finished.wait(), job.deadline_s)
    except TimeoutError:
        tally.samples.append(f"gave up after {job.deadline_s} s")
    return LoadResult(
        right=tally.right,
        wrong=job.requests - tally.right,
        seconds=time.perf_counter() - start,
        p50_ms=percentile(tally.latencies, 0.50),
        p99_ms=percentile(tally.latencies, 0.99),
        samples=tuple(tally.samples[:_MAX_SAMPLES]),
    )


def main() -> None:
    """Run the job on standard input."""
    job: Any = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadJob)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_run(job))))


if __name__ == "__main__":
    main()

"""Turns a reply into a script: paced as a model would, and spoiled by a fault if there is one."""

import gzip
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from simulator.exchange import Ending, Frame, Script
from simulator.faults import Fault, Garbage, UsageFault
from simulator.models import Vendor
from simulator.reply import EVENT_TYPE, JSON_TYPE, LAST_CHUNK, Reply, http_chunk
from simulator.vendor_errors import anthropic_error, default_error, openai_error, response_error, stream_error

_HTML: Final = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>\n"
_BIG_LINE_BYTES: Final = 1_048_576
_BLOCK: Final = b"x" * 65_536
_RESPONSE_EVENT: Final = b"event: response."
_BOMB_BYTES: Final = 64 * 1_048_576
_SPOILED_USAGE: Final[dict[str, Any]] = {"null": None, "negative": -5, "string": "many", "huge": 10**18}


def play(reply: Reply, head: bytes, pace: tuple[float, float]) -> Script:
    """Return the script of an answer without a fault; pace is (seconds to first token, seconds per token)."""
    return Script(_with_head(head, _paced(reply, pace)), tail=LAST_CHUNK if reply.stream else b"")


def replaced(reply: Reply, fault: Fault, vendor: Vendor, request_id: str) -> Reply:
    """Return the reply a fault puts in the place of the right one: an error, garbage or a wrong usage."""
    if fault.garbage is not None:
        return _garbage(reply, fault.garbage)
    if fault.status is not None or fault.body is not None:
        return _stated(reply, fault, vendor, request_id)
    if fault.usage is not None:
        frames = [_spoil_usage(frame, fault.usage) for frame in reply.frames]
        return _copy(reply, reply.headers, frames, reply.stream)
    return reply


def spoil(reply: Reply, fault: Fault, vendor: Vendor, head: bytes, pace: tuple[float, float]) -> Script:
    """Return the script of an answer with a fault in it."""
    stated = fault.garbage or fault.status is not None or fault.body is not None
    first, between = (0.0, 0.0) if stated else pace
    frames = _paced(reply, (first + fault.delay_ms / 1_000, between))
    ending: Ending = "done"
    limit: int | None = None
    if fault.silent_after is not None:
        ending, limit = "silent", fault.silent_after
    elif fault.cut_after is not None:
        ending, limit = _cut_ending(fault, reply), fault.cut_after
    if limit is not None:
        frames = _first_frames(reply, frames, limit)
    elif fault.error_after is not None and reply.stream:
        frames = _then_error(reply, frames, fault, vendor)
    if fault.slice_bytes:
        frames = _sliced(frames, fault.slice_bytes, fault.slice_delay_ms / 1_000, reply.stream)
    if limit != 0 or fault.send_head or ending == "done":
        frames = _with_head(head, frames)
    harmless = reply.status == 200 and limit is None and not (stated or fault.usage or fault.error_after is not None)
    return Script(frames, ending, not harmless, LAST_CHUNK if reply.stream and ending == "done" else b"")


def _paced(reply: Reply, pace: tuple[float, float]) -> Iterator[Frame]:
    first, between = pace
    if not reply.stream:
        yield Frame(b"".join(reply.frames), first + between * reply.completion_tokens, reply.completion_tokens)
        return
    wait = first
    for data, tokens in zip(reply.frames, reply.weights, strict=True):
        yield Frame(http_chunk(data), wait, tokens)
        wait = between * tokens


def _with_head(head: bytes, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Send the headers together with the first frame, as the vendors do."""
    first = next(frames, None)
    yield Frame(head) if first is None else Frame(head + first.data, first.wait, first.tokens)
    yield from frames


def _first_frames(reply: Reply, frames: Iterator[Frame], limit: int) -> Iterator[Frame]:
    if reply.stream or limit == 0:
        yield from islice(frames, limit)
        return
    for frame in frames:
        yield Frame(frame.data[: len(frame.data) // 2], frame.wait, 0)


def _then_error(reply: Reply, frames: Iterator[Frame], fault: Fault, vendor: Vendor) -> Iterator[Frame]:
    yield from islice(frames, fault.error_after)
    if reply.frames[0].startswith(_RESPONSE_EVENT):
        yield Frame(http_chunk(response_error(fault.error_type, fault.error_after or 0)))
        return
    yield Frame(http_chunk(stream_error(vendor, fault.error_type, "req_simulated")))


def _sliced(frames: Iterator[Frame], size: int, pause: float, chunked: bool) -> Iterator[Frame]:
    for frame in frames:
        data = frame.data
        if chunked:
            start = data.index(b"\r\n") + 2
            data = data[start:-2]
        wait, tokens = frame.wait, frame.tokens
        for position in range(0, len(data), size):
            piece = data[position : position + size]
            yield Frame(http_chunk(piece) if chunked else piece, wait, tokens)
            wait, tokens = pause, 0


def _cut_ending(fault: Fault, reply: Reply) -> Ending:
    if fault.cut == "end":
        return "done" if reply.stream else "close"
    return fault.cut


def _copy(reply: Reply, headers: dict[str, str], frames: list[bytes], stream: bool) -> Reply:
    weights = reply.weights if len(frames) == len(reply.frames) else [0] * len(frames)
    return Reply(
        reply.status, headers, frames, weights, stream, reply.model, reply.prompt_tokens, reply.completion_tokens
    )


def _stated(reply: Reply, fault: Fault, vendor: Vendor, request_id: str) -> Reply:
    status = fault.status or reply.status
    error = default_error(vendor, status)
    headers = {"content-type": JSON_TYPE} | (error.headers if status >= 400 else {})
    if isinstance(fault.body, str):
        body = fault.body.encode()
    elif fault.body is not None:
        body = msgspec.json.encode(fault.body)
    elif status >= 400:
        body = openai_error(error) if vendor == "openai" else anthropic_error(error, request_id)
    else:
        body = b""
    return Reply(status, headers, [body], [0], model=reply.model)


def _garbage(reply: Reply, kind: Garbage) -> Reply:
    whole = b"".join(reply.frames)
    event = reply.stream
    typed = {"content-type": EVENT_TYPE if event else JSON_TYPE}
    plain = {"html": _HTML, "text": b"upstream connect error", "binary": bytes(range(256)), "empty": b""}
    if kind in plain:
        name = {"html": "text/html", "text": "text/plain"}.get(kind, typed["content-type"])
        return _copy(reply, {"content-type": name}, [plain[kind]], stream=False)
    if kind == "gzip_bomb":
        bomb = gzip.compress(b"\0" * _BOMB_BYTES, 6)
        return _copy(reply, {"content-type": JSON_TYPE, "content-encoding": "gzip"}, [bomb], stream=False)
    if kind == "half_json":
        half = whole[: len(whole) // 2]
        return _copy(reply, typed, [half], stream=event)
    shape = b'{"id":"x","object":"unexpected"}' if kind == "no_choices" else b"[1,2,3]"
    if kind == "huge_line":
        shape = b'"' + b"x" * _BIG_LINE_BYTES + b'"'
    if kind == "endless":
        return _copy(reply, typed, [_BLOCK], stream=True)
    return _copy(reply, typed, [b"data: " + shape + b"\n\n" if event else shape], stream=event)


def endless(script: Script) -> Script:
    """Return the script with its first frame followed by bytes without a line end or any other end."""

    def forever() -> Iterator[Frame]:
        yield from script.frames
        block = Frame(http_chunk(_BLOCK))
        while True:
            yield block

    return Script(forever(), "done", spoiled=True)


def _spoil_usage(frame: bytes, how: UsageFault) -> bytes:
    lines = frame.split(b"\n") if frame.startswith((b"data: ", b"event: ")) else [frame]
    return b"\n".join(_spoil_line(line, how) for line in lines)


def _spoil_line(line: bytes, how: UsageFault) -> bytes:
    start = b"data: " if line.startswith(b"data: ") else b""
    if b'"usage"' not in line or (line.startswith(b"event: ") and not start):
        return line
    data = msgspec.json.decode(line[len(start) :])
    for holder in (data, data.get("message"), data.get("response")):
        if isinstance(holder, dict) and isinstance(holder.get("usage"), dict):
            _spoil_holder(holder, how)
    return start + msgspec.json.encode(data)


def _spoil_holder(holder: dict[str, Any], how: UsageFault) -> None:
    if how == "missing":
        del holder["usage"]
    elif how == "null":
        holder["usage"] = None
    else:
        value = _SPOILED_USAGE[how]
        holder["usage"] = {key: value if isinstance(old, int) else old for key, old in holder["usage"].items()}

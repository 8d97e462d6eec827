"""Recorded exchanges served again, byte for byte."""

from collections import deque
from pathlib import Path
from typing import Any

import msgspec

from simulator.models import Vendor
from simulator.reply import Reply

_OWN_HEADERS = frozenset({"transfer-encoding", "content-length", "connection", "content-encoding"})


class UnknownRecordingError(Exception):
    """A recording was asked for that is not there."""


class ReplayOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The next ``count`` requests to the recording's vendor get this recording."""

    file: str
    count: int = 1
    slice_bytes: int | None = None


class ReplayShelf:
    """A folder of recordings and the orders waiting for a request."""

    __slots__ = ("_orders", "_paths")

    def __init__(self, folder: Path | None) -> None:
        paths = [] if folder is None else sorted(folder.glob("*.json"))
        self._paths = {path.name: path for path in paths if path.name != "index.json"}
        self._orders: dict[str, deque[ReplayOrder]] = {"openai": deque(), "anthropic": deque()}

    def names(self) -> list[str]:
        """Return the file names on the shelf."""
        return list(self._paths)

    def order(self, order: ReplayOrder) -> None:
        """Queue a recording for its vendor's next requests; raises UnknownRecordingError."""
        vendor = self._read(order.file).get("provider")
        self._orders["anthropic" if vendor == "anthropic" else "openai"].append(order)

    def clear(self) -> None:
        """Drop the orders still waiting."""
        for queue in self._orders.values():
            queue.clear()

    def next_order(self, vendor: Vendor) -> ReplayOrder | None:
        """Return the order for a vendor's next request, counting it down."""
        queue = self._orders[vendor]
        if not queue:
            return None
        order = queue[0]
        order.count -= 1
        if order.count <= 0:
            queue.popleft()
        return order

    def reply(self, order: ReplayOrder) -> Reply:
        """Return a recording's status, headers and body; raises UnknownRecordingError."""
        exchange = self._read(order.file)
        recorded = exchange["response"]
        headers = {str(name): str(value) for name, value in recorded["headers"].items() if name not in _OWN_HEADERS}
        body = (recorded["body"] or "").encode()
        kind = headers.get("content-type", "")
        stream = kind.startswith("text/event-stream") or body.startswith((b"event: ", b"data: "))
        if body and not kind:
            headers["content-type"] = "text/event-stream; charset=utf-8" if stream else "application/json"
        frames = _events(body) if stream else [body]
        if order.slice_bytes:
            frames = [
                frame[i : i + order.slice_bytes] for frame in frames for i in range(0, len(frame), order.slice_bytes)
            ]
        return Reply(recorded["status"], headers, frames, [0] * len(frames), stream or order.slice_bytes is not None)

    def _read(self, name: str) -> dict[str, Any]:
        path = self._paths.get(name)
        if path is None:
            raise UnknownRecordingError(f"no recording named {name!r} in the folder given with --recordings")
        exchange: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        return exchange


def _events(body: bytes) -> list[bytes]:
    parts = [part for part in body.split(b"\n\n") if part]
    return [part + b"\n\n" for part in parts[:-1]] + [parts[-1] + body[len(body.rstrip(b"\n")) :]] if parts else []

"""Response heads: status line, date, and the headers each vendor adds to its answers."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from simulator.models import Vendor
from simulator.reply import Reply

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


class HeadPress:
    """Writes heads; what depends only on the second is written once a second."""

    __slots__ = ("_blocks", "_heads", "_second", "date", "second_bytes")

    def __init__(self) -> None:
        self._second = 0
        self._blocks: dict[str, dict[str, str]] = {}
        self._heads: dict[tuple[Vendor, bool], bytes] = {}
        self.date = ""
        self.second_bytes = b"0000000000"

    def tick(self) -> None:
        """Take note of the time."""
        second = int(time.time())
        if second == self._second:
            return
        self._second = second
        self.second_bytes = b"%010d" % second
        now = time.gmtime(second)
        self.date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", now)
        self._blocks = {
            "openai": _openai_block(),
            "anthropic": _anthropic_block(time.strftime("%Y-%m-%dT%H:%M:%SZ", now)),
        }
        self._heads.clear()

    def request_id(self, vendor: Vendor, number: str) -> str:
        """Return an answer's request id in the vendor's form."""
        return f"req_{number:0>32}" if vendor == "openai" else f"req_011C{number:0>20}"

    def quick(self, vendor: Vendor, reply: Reply, number: bytes) -> bytes:
        """Return the head of a plain 200 answer."""
        known = self._heads.get((vendor, reply.stream))
        if known is None:
            lines = {"date": self.date} | reply.headers | self._blocks[vendor]
            name = "x-request-id: req_000000000000" if vendor == "openai" else "request-id: req_011C"
            known = f"HTTP/1.1 200 OK\r\n{_lines(lines)}{name}".encode()
            self._heads[(vendor, reply.stream)] = known
        if reply.stream:
            return b"%s%s\r\ntransfer-encoding: chunked\r\n\r\n" % (known, number)
        return b"%s%s\r\ncontent-length: %d\r\n\r\n" % (known, number, len(reply.framed()))

    def full(self, vendor: Vendor, reply: Reply, number: str, extra: Mapping[str, str]) -> bytes:
        """Return the head of any answer; ``extra`` headers win over all others."""
        headers = {"date": self.date} | self._blocks[vendor]
        headers["x-request-id" if vendor == "openai" else "request-id"] = self.request_id(vendor, number)
        return self.bare(reply, headers | reply.headers | {name.lower(): value for name, value in extra.items()})

    def bare(self, reply: Reply, headers: Mapping[str, str]) -> bytes:
        """Return the head with these headers and the body's framing only."""
        length = sum(map(len, reply.frames))
        framing = "transfer-encoding: chunked" if reply.stream else f"content-length: {length}"
        reason = _REASONS.get(reply.status, "Unknown")
        return f"HTTP/1.1 {reply.status} {reason}\r\n{_lines(headers)}{framing}\r\n\r\n".encode()


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _openai_block() -> dict[str, str]:
    return {
        "openai-processing-ms": "182",
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "30000",
        "x-ratelimit-limit-tokens": "150000000",
        "x-ratelimit-remaining-requests": "29999",
        "x-ratelimit-remaining-tokens": "149999950",
        "x-ratelimit-reset-requests": "2ms",
        "x-ratelimit-reset-tokens": "0s",
    }


def _anthropic_block(reset: str) -> dict[str, str]:
    limits = {"requests": 20_000, "input-tokens": 4_000_000, "output-tokens": 800_000, "tokens": 4_800_000}
    block = {}
    for name, limit in limits.items():
        block[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        block[f"anthropic-ratelimit-{name}-remaining"] = str(limit - 1)
        block[f"anthropic-ratelimit-{name}-reset"] = reset
    return block

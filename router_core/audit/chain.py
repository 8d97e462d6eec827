"""The hash chain of the audit log: each row's hash covers the row and the hash before it.

A row's hash is SHA-256 over the hash of the writer's row before (32 zero bytes for the first) and the row's columns
in the order of :data:`CHAINED`, as one MessagePack array behind the name of this format.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

__all__ = ["CHAINED", "GENESIS", "next_hash"]

CHAINED: Final = (
    "id", "writer", "seq", "at", "event", "status", "error_code", "request_id", "account_id", "api_key", "user_email",
    "actor", "role", "address", "use_case", "provider", "model", "target", "input_tokens", "cache_read_tokens",
    "cache_write_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "cost", "estimated",
    "latency_us", "first_token_us", "attempts", "cached", "streamed", "trace_hash", "content_hash",
)  # fmt: skip
GENESIS: Final = bytes(32)

_FORMAT: Final = b"signalbox audit row 1\n"
_ENCODE: Final = msgspec.msgpack.Encoder().encode


def next_hash(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return the hash of ``row``, whose ``at`` is in microseconds since 1970, behind the hash ``previous``."""
    return sha256(b"".join((_FORMAT, previous, _ENCODE([row[name] for name in CHAINED])))).digest()

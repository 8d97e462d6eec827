"""One entry of a journal: a head with length and checksum, then MessagePack.

The head is 16 bytes, big-endian: two of mark, one of kind, one of zero, four of length, four of CRC-32 over the
payload, four of CRC-32 over the head before it. An entry that was torn by a crash, or spoilt by a disk, is known by
its checksums, and the next mark is looked for behind it.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from router_core.types import Intent, RequestEvent

__all__ = ["HEAD_BYTES", "Entry", "Gap", "Spoilt", "packed", "read_entries"]

HEAD_BYTES: Final = 16
_MARK: Final = b"\xa7\x5b"
_BEFORE: Final = struct.Struct(">2sBxII")
_HEAD: Final = struct.Struct(">2sBxIII")
_KINDS: Final = {"intent": 1, "outcome": 2, "gap": 3}


class Gap(Struct, frozen=True, kw_only=True):
    """Requests that were served while the journal could not be written: so many, in that time."""

    id: str
    count: int
    since: datetime
    until: datetime


class Spoilt(Struct, frozen=True):
    """Bytes that are no entry: ``start`` to ``end`` in the segment."""

    start: int
    end: int


Entry = Intent | RequestEvent | Gap
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODERS: Final[dict[int, msgspec.msgpack.Decoder[Any]]] = {
    1: msgspec.msgpack.Decoder(Intent),
    2: msgspec.msgpack.Decoder(RequestEvent),
    3: msgspec.msgpack.Decoder(Gap),
}


def packed(entry: Entry, kind: Literal["intent", "outcome", "gap"]) -> bytes:
    """Return ``entry`` as it stands in a segment."""
    payload = _ENCODER.encode(entry)
    before = _BEFORE.pack(_MARK, _KINDS[kind], len(payload), zlib.crc32(payload))
    return b"".join((before, zlib.crc32(before).to_bytes(4, "big"), payload))


def read_entries(data: bytes | memoryview, start: int = 0) -> Iterator[tuple[Entry | Spoilt, int]]:
    """Yield each entry of a segment's bytes with the offset behind it; zeros end a segment.

    What cannot be read is yielded as :class:`Spoilt` when an entry follows it; a torn end is simply not there.
    """
    view = memoryview(data)
    at = start
    while at + HEAD_BYTES <= len(view):
        entry, end = _entry_at(view, at)
        if entry is None:
            if _is_blank(view, at):
                return
            found = _next_entry(view, at + 1)
            if found is None:
                return
            yield Spoilt(at, found), found
            at = found
            continue
        yield entry, end
        at = end


def _entry_at(view: memoryview, at: int) -> tuple[Entry | None, int]:
    mark, kind, length, payload_sum, head_sum = _HEAD.unpack_from(view, at)
    end = at + HEAD_BYTES + length
    if mark != _MARK or zlib.crc32(view[at : at + _BEFORE.size]) != head_sum or end > len(view):
        return None, at
    payload = view[at + HEAD_BYTES : end]
    decoder = _DECODERS.get(kind)
    if decoder is None or zlib.crc32(payload) != payload_sum:
        return None, at
    try:
        entry: Entry = decoder.decode(payload)
    except msgspec.DecodeError:
        return None, at
    return entry, end


def _is_blank(view: memoryview, at: int) -> bool:
    return not any(view[at : at + HEAD_BYTES])


def _next_entry(view: memoryview, at: int) -> int | None:
    data = view.tobytes()
    while True:
        at = data.find(_MARK, at)
        if at < 0 or at + HEAD_BYTES > len(data):
            return None
        if _entry_at(view, at)[0] is not None:
            return at
        at += 1

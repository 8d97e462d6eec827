"""Reads segments back: events in order for the recorder, and the calls whose end is nowhere."""

import logging
from pathlib import Path

from msgspec import Struct

from router_core.journal.entries import Gap, Spoilt, read_entries
from router_core.journal.segment import segment_numbers, segment_path
from router_core.ports import JournalPosition
from router_core.types import Intent, RequestEvent

__all__ = ["Chunk", "read_chunk", "unfinished"]

_log = logging.getLogger(__name__)


class Chunk(Struct, frozen=True):
    """Events read from a journal, and the place behind the last entry that was looked at."""

    events: list[RequestEvent]
    gaps: list[Gap]
    end: JournalPosition
    spoilt_bytes: int


def read_chunk(folder: Path, start: JournalPosition, limit: int, until: JournalPosition | None = None) -> Chunk:
    """Return at most ``limit`` events behind ``start``, before ``until`` where that is given. Raises ``OSError``."""
    events: list[RequestEvent] = []
    gaps: list[Gap] = []
    end, spoilt = start, 0
    for number in segment_numbers(folder):
        if number < start.segment or (until is not None and number > until.segment):
            continue
        data = _bytes(folder, number, until)
        offset = start.offset if number == start.segment else 0
        if number > end.segment:
            end = JournalPosition(number, 0)
        for entry, behind in read_entries(data, offset):
            end = JournalPosition(number, behind)
            if isinstance(entry, RequestEvent):
                events.append(entry)
            elif isinstance(entry, Gap):
                gaps.append(entry)
            elif isinstance(entry, Spoilt):
                spoilt += entry.end - entry.start
                _log.error("segment %d of the journal is spoilt at %d to %d", number, entry.start, entry.end)
            if len(events) >= limit:
                return Chunk(events, gaps, end, spoilt)
    return Chunk(events, gaps, end, spoilt)


def unfinished(folder: Path, numbers: list[int]) -> tuple[dict[str, list[Intent]], int]:
    """Return the calls of segments ``numbers`` whose requests have no end there, by event id, and the ends seen.

    Raises ``OSError``.
    """
    open_calls: dict[str, list[Intent]] = {}
    ends = 0
    for number in numbers:
        for entry, _ in read_entries(_bytes(folder, number, None)):
            if isinstance(entry, Intent):
                open_calls.setdefault(entry.event_id, []).append(entry)
            elif isinstance(entry, RequestEvent):
                open_calls.pop(entry.id, None)
                ends += 1
    return open_calls, ends


def _bytes(folder: Path, number: int, until: JournalPosition | None) -> bytes:
    try:
        data = segment_path(folder, number).read_bytes()
    except FileNotFoundError:
        return b""  # removed meanwhile, since the store has all of it
    return data[: until.offset] if until is not None and number == until.segment else data

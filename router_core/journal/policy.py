"""How a journal is kept."""

from typing import Literal

from msgspec import Struct

__all__ = ["FullPolicy", "JournalPolicy", "SyncMode"]

SyncMode = Literal["off", "interval", "each"]
FullPolicy = Literal["block", "drop"]

MIB = 1024 * 1024


class JournalPolicy(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds.

    ``sync`` is when the disk is waited for: never, every ``sync_interval`` (what a power cut may cost), or before each
    answer, many at once. A crash of the process alone loses nothing in any mode. ``full`` is what happens to new
    requests while nothing can be written: refused, or served with a gap on record. ``outcome_room`` is kept free for
    each request under way, so that its end can always be written.
    """

    sync: SyncMode = "interval"
    sync_interval: float = 1.0
    full: FullPolicy = "block"
    limit: int = 1024 * MIB
    segment: int = 8 * MIB
    outcome_room: int = 4096

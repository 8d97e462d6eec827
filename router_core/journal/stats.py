"""How the journal and the recorder are doing."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = ["RecorderState", "RecorderStats"]

RecorderState = Literal["ok", "behind", "blocked", "failing"]


class RecorderStats(Struct, frozen=True, kw_only=True, rename="camel"):
    """Counts since the process began, and what waits now.

    ``enqueued`` events were recorded, ``flushed`` are in the store, ``failed`` were set aside because the store never
    takes them, ``dropped`` were lost: 0 unless the journal could not be written and its policy is ``drop``.
    ``pending`` events wait for the store, ``pending_bytes`` is what the journal takes up on disk, ``lag_s`` the age of
    the oldest that waits. ``queue_size`` is how many of them are in memory.

    ``state`` is ``"behind"`` while the store does not take them, ``"blocked"`` while new requests are refused because
    the journal cannot be written, ``"failing"`` while they are served without a journal; ``since`` when that began.
    """

    queue_size: int = 0
    enqueued: int = 0
    flushed: int = 0
    failed: int = 0
    dropped: int = 0
    pending: int = 0
    pending_bytes: int = 0
    lag_s: float = 0.0
    state: RecorderState = "ok"
    since: datetime | None = None
    last_error: str | None = None

    @property
    def success_rate(self) -> float:
        """The share of settled events that are in the store; 1 when none is settled."""
        settled = self.flushed + self.failed + self.dropped
        return self.flushed / settled if settled else 1.0

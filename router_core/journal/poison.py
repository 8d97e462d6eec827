"""Events that the store never takes: kept aside for people to look at, instead of being tried for ever."""

import logging
import os
from pathlib import Path
from typing import Final

from router_core.journal.entries import packed, read_entries
from router_core.types import RequestEvent

__all__ = ["PoisonFile"]

_OWNER_ONLY: Final = 0o600
_log = logging.getLogger(__name__)


class PoisonFile:
    """A file of entries, made with the first of them."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, event: RequestEvent) -> None:
        """Keep ``event``; never raises."""
        try:
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                os.write(fd, packed(event, "outcome"))
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            _log.error("event %s could not even be set aside: %s", event.id, error.strerror)

    def events(self) -> list[RequestEvent]:
        """Return what was set aside, oldest first. Raises ``OSError``."""
        if not self.path.exists():
            return []
        return [entry for entry, _ in read_entries(self.path.read_bytes()) if isinstance(entry, RequestEvent)]

"""A journal in memory, for a process that need not survive its end."""

from collections import deque

from router_core.types import Intent

__all__ = ["MemoryJournal"]

KEPT = 1_000


class MemoryJournal:
    """Keeps the newest calls; a :class:`Journal`."""

    __slots__ = ("intents",)

    def __init__(self) -> None:
        self.intents: deque[Intent] = deque(maxlen=KEPT)

    def intend(self, intent: Intent) -> None:
        """Keep ``intent``."""
        self.intents.append(intent)

    async def settle(self) -> None:
        """Return at once: there is nothing to wait for."""

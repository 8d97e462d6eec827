"""Keeps the configuration in force in memory and follows the store."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from db.errors import StoreError
from router_core.clock import Clock
from router_core.ports import ConfigStore
from router_core.types import Snapshot

__all__ = ["POLL_INTERVAL_S", "PollingConfigSource"]

POLL_INTERVAL_S = 1.0
_log = logging.getLogger(__name__)


class PollingConfigSource:
    """Holds one immutable snapshot and swaps it whole when the store's revision changes; a :class:`ConfigSource`.

    ``failures`` counts the polls in a row that failed; the last snapshot stays in force meanwhile. Until the first
    :meth:`look` the snapshot is empty, at revision 0. ``tell`` is for whoever can reach the other processes.
    """

    def __init__(self, store: ConfigStore, clock: Clock, *, interval_s: float = POLL_INTERVAL_S) -> None:
        self._store = store
        self._clock = clock
        self._interval_s = interval_s
        self._snapshot = Snapshot(())
        self._turn = asyncio.Lock()
        self._told = 0
        self.failures = 0
        self.tell: Callable[[int], Awaitable[None]] = _nobody

    def snapshot(self) -> Snapshot:
        """Return the current immutable snapshot; never touches the store."""
        return self._snapshot

    async def refresh(self) -> bool:
        """Look at the store after a change here, and ``tell`` others of a revision that they may not know yet.

        Return whether the snapshot changed. Raises :class:`StoreError`.
        """
        changed = await self.look()
        revision = self._snapshot.revision
        if self._told < revision:
            self._told = revision
            await self.tell(revision)
        return changed

    async def look(self) -> bool:
        """Look at the store once; return whether the snapshot changed. Raises :class:`StoreError`."""
        # One at a time: of two looks the slower one would bring an older snapshot back.
        async with self._turn:
            if await self._store.revision() == self._snapshot.revision:
                return False
            self._snapshot = await self._store.load()
            return True

    async def run(self) -> None:
        """Follow the store until cancelled, through outages too."""
        while True:
            await self._clock.sleep(self._interval_s)
            await self._poll()

    async def _poll(self) -> None:
        try:
            await self.look()
        except Exception as error:  # noqa: BLE001 - a poll that ends would freeze the configuration for good
            self._note_failure(error)
        else:
            self._note_success()

    def _note_failure(self, error: Exception) -> None:
        self.failures += 1
        if self.failures == 1:
            trace = None if isinstance(error, StoreError) else error
            _log.warning("configuration stays at revision %d: %s", self._snapshot.revision, error, exc_info=trace)

    def _note_success(self) -> None:
        if self.failures:
            _log.info("configuration follows the store again, at revision %d", self._snapshot.revision)
        self.failures = 0


async def _nobody(_revision: int) -> None:
    return

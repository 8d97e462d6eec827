"""Keeps the configuration in force in memory and follows the store."""

import asyncio
from collections.abc import Awaitable, Callable

from router_core.clock import Clock
from router_core.monitor import DependencyMonitor
from router_core.ports import ConfigStore
from router_core.types import Snapshot

__all__ = ["POLL_INTERVAL_S", "PollingConfigSource"]

POLL_INTERVAL_S = 1.0


class PollingConfigSource:
    """Holds one immutable snapshot and swaps it whole when the store's revision changes; a :class:`ConfigSource`.

    While polls fail the last snapshot stays in force; ``monitor`` says so. Until the first :meth:`look` the snapshot is
    empty, at revision 0. ``tell`` is for whoever can reach the other processes.
    """

    def __init__(self, store: ConfigStore, clock: Clock, *, interval_s: float = POLL_INTERVAL_S) -> None:
        self._store = store
        self._clock = clock
        self._interval_s = interval_s
        self._snapshot = Snapshot(())
        self._turn = asyncio.Lock()
        self._told = 0
        self.tell: Callable[[int], Awaitable[None]] = _nobody
        self.monitor = DependencyMonitor(
            "configuration", "The configuration's follower", clock,
            works="Requests are served with the last configuration.",
            lost="Changes of the configuration are not felt in this process.", patience=2,
        )  # fmt: skip

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
            self.monitor.failed(error)
        else:
            self.monitor.worked()


async def _nobody(_revision: int) -> None:
    return

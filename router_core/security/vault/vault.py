"""The keys of one process, kept as new as the store's: what seals and opens for everybody in it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.monitor import DependencyMonitor
from router_core.ports import VaultStore
from router_core.security.vault.faults import DamagedKeysError, UnknownKeyVersionError, WrongMasterKeyError
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.records import OpenSlot
from router_core.types import Secret
from router_core.types.vault import SealedPlace, VaultRecord

__all__ = ["Vault"]

LOOK_EVERY_S: Final = 1.0
WORKS: Final = "Secrets that are sealed under the keys known here are read and written."
LOST: Final = "A rotation of keys waits for this process."
_DAMAGED: Final = "the keys of the store were changed from outside; restore the store from its backup"
_CHANGED: Final = "the master key was changed; start this process again with the new one"

_log = logging.getLogger(__name__)


class Vault:
    """Holds the ring of a store's vault and follows its changes; ``reopen`` looks anew for the master key.

    Until it finds one, a process goes on with the keys that it holds.
    """

    def __init__(
        self,
        store: VaultStore,
        record: VaultRecord,
        opened: OpenSlot,
        reopen: Callable[[VaultRecord], OpenSlot],
        clock: Clock,
    ) -> None:
        self._store = store
        self._opened = opened
        self._reopen = reopen
        self._clock = clock
        self.record = record
        self.keys = KeyManager(opened.ring(record))
        self.monitor = DependencyMonitor("vault", "Following of keys", clock, works=WORKS, lost=LOST)

    @property
    def opened(self) -> OpenSlot:
        """The slot whose master key this process has."""
        return self._opened

    async def read(self, place: SealedPlace, sealed: bytes) -> Secret:
        """Return what was sealed for ``place``, after a look at the store where its key is not known here.

        Raises :class:`UnreadableSecretError`.
        """
        try:
            return self.keys.open(place, sealed)
        except UnknownKeyVersionError:
            await self.refresh()
            return self.keys.open(place, sealed)

    async def refresh(self) -> None:
        """Take up the store's keys as they are now; never raises, ``monitor`` says when it failed."""
        try:
            record = await self._store.load()
            if record is not None and record.generation != self.record.generation:
                opened = await asyncio.to_thread(self._open, record)
                self.keys.renew(opened.ring(record))
                self._opened, self.record = opened, record
        except DamagedKeysError:
            self.monitor.failed(RuntimeError(_DAMAGED))
        except WrongMasterKeyError:
            self.monitor.failed(RuntimeError(_CHANGED))
        except LLMError as error:
            self.monitor.failed(error)
        else:
            self.monitor.worked()

    async def run(self) -> None:
        """Follow the store until cancelled, looking every second."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        try:
            generation = await self._store.generation()
        except LLMError as error:
            self.monitor.failed(error)
            return
        if generation != self.record.generation:
            await self.refresh()
        else:
            self.monitor.worked()

    def _open(self, record: VaultRecord) -> OpenSlot:
        try:
            return self._reopen(record)
        except WrongMasterKeyError:
            return self._opened

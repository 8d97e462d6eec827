"""Knows whether the store answers: while it does not, nobody waits for it, and one probe at a time asks again."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from db.errors import StoreBusyError, StoreCrowdedError, StoreError, StoreUnreachableError
from router_core.clock import Clock
from router_core.monitor import DependencyMonitor

__all__ = ["StoreWatch"]

# So many failures in a row, of any work, and nothing is asked but the probe.
FAILURES = 3
PROBE_EVERY_S = 2.0
FIRST_PROBE_S = 0.1
# What a probe may take without the store being called slow, and how long one refusal is remembered.
LATE_S = 0.25
REMEMBERED_S = 10.0
TITLE: Final = "The store"
WORKS: Final = (
    "Requests are served with the last configuration, keys known for up to 15 minutes and the money already leased; "
    "what happens waits in the journal."
)
LOST: Final = (
    "Budgets grant no more money than is leased, keys and sign-ins not seen lately are refused, nothing can be "
    "changed, and reports and the audit log cannot be read."
)

_log = logging.getLogger(__name__)


class StoreWatch:
    """Judges the store by the work that was done on it. Without :meth:`run` it refuses nothing."""

    def __init__(self, clock: Clock) -> None:
        self.monitor = DependencyMonitor("store", TITLE, clock, works=WORKS, lost=LOST, patience=FAILURES)
        self._clock = clock
        self._probing = False
        self._in_a_row = 0
        self._late_until = 0.0
        self._detail = ""

    def admit(self) -> None:
        """Raise :class:`StoreUnreachableError` at once while the store is known to be away."""
        if self._probing and self.monitor.word == "down":
            raise StoreUnreachableError("The store cannot be reached", detail=self._detail)

    def note(self, error: StoreError | None) -> None:
        """Take note of how a piece of work ended."""
        if error is None:
            self._in_a_row = 0
            if self.monitor.word == "down":
                self.monitor.worked()
        elif isinstance(error, StoreCrowdedError):
            self.monitor.late(error)  # that is our own crowd, and says little about the store
        elif isinstance(error, StoreBusyError):
            self._late_until = self._clock.now() + REMEMBERED_S
            self.monitor.late(error)
        else:
            self._in_a_row += 1
            self._detail = error.detail
            self.monitor.failed(error)

    async def run(self, ping: Callable[[], Awaitable[None]]) -> None:
        """Ask the store now and then, soon while it fails, until cancelled; ``ping`` raises :class:`StoreError`."""
        self._probing = True
        try:
            while True:
                await self._clock.sleep(self._pause() * (0.5 + self._clock.random()))
                await self._probe(ping)
        finally:
            self._probing = False

    def _pause(self) -> float:
        if not self._in_a_row:
            return PROBE_EVERY_S
        return min(PROBE_EVERY_S, FIRST_PROBE_S * 2.0 ** min(self._in_a_row, 10))

    async def _probe(self, ping: Callable[[], Awaitable[None]]) -> None:
        begun = self._clock.now()
        try:
            await ping()
        except StoreError as error:
            self.note(error)
        except Exception:  # noqa: BLE001 - a probe that ends would leave the store down for good
            _log.exception("the store could not be probed")
        else:
            self._in_a_row = 0
            ended = self._clock.now()
            self.monitor.worked(late=ended - begun > LATE_S or ended < self._late_until)

"""Verifies the hash chains while the server runs, on an operator's word, and says how far it is."""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct, structs

from router_core.admin.action_trail import ActionTrail
from router_core.audit.verifier import ChainReport
from router_core.clock import Clock, new_ulid
from router_core.errors import LLMError
from router_core.security.permissions import require
from router_core.types import OperatorAction, Principal

__all__ = ["ChainAuditor", "ChainCheck", "ChainCheckState", "ChainVerdict"]

# Between two chunks, for the requests that are served by the same interpreter.
PAUSE_S: Final = 0.01

_log = logging.getLogger(__name__)


class ChainVerdict(Struct, frozen=True):
    """A report of every chain; ``forged`` names ends kept outside the store that are not signed by us."""

    reports: tuple[ChainReport, ...]
    forged: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.forged and all(each.fault is None for each in self.reports)


class ChainAuditor(Protocol):
    """Reads and checks all chains; blocks. ``seen`` is told the rows of every chunk, and may raise to end it."""

    def verify(self, seen: Callable[[int], None]) -> ChainVerdict:
        """Return what became of every chain. Raises :class:`OverloadedError` when the store fails."""
        ...


class ChainCheckState(Struct, frozen=True, kw_only=True):
    """The check under way, or the last one: ``ended`` is None while it runs, and all are before the first.

    ``rows`` have been checked so far; ``error`` says why it could not be finished.
    """

    actor: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    rows: int = 0
    verdict: ChainVerdict | None = None
    error: str | None = None

    @property
    def running(self) -> bool:
        """Whether a check is under way."""
        return self.started is not None and self.ended is None


class _Stopped(Exception):
    """The process ends."""


class ChainCheck:
    """One check at a time. It belongs to one event loop; the check itself runs in a thread."""

    def __init__(self, auditor: ChainAuditor, trail: ActionTrail, clock: Clock) -> None:
        self._auditor = auditor
        self._trail = trail
        self._clock = clock
        self._stop = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self.state = ChainCheckState()

    async def start(self, person: Principal) -> ChainCheckState:
        """Begin, unless one is under way already; return its state. Raises :class:`ForbiddenError`."""
        require(person, "audit.export")
        if not self.state.running:
            self.state = ChainCheckState(actor=person.name, started=self._clock.utcnow())
            self._task = asyncio.create_task(self._run(person))
        return self.state

    async def close(self) -> None:
        """End what runs."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _run(self, person: Principal) -> None:
        try:
            verdict = await asyncio.to_thread(self._auditor.verify, self._seen)
        except (LLMError, _Stopped) as error:
            told = str(error) or "the process ended"
            self.state = structs.replace(self.state, ended=self._clock.utcnow(), error=told)
            return
        except Exception:  # noqa: BLE001 - a bug in the check is told on the screen, and in full in the log
            self.state = structs.replace(self.state, ended=self._clock.utcnow(), error="it failed; the log has more")
            _log.exception("the chains could not be verified")
            return
        self.state = structs.replace(self.state, ended=self._clock.utcnow(), verdict=verdict)
        self._trail.note(self._act(person, verdict))

    def _seen(self, rows: int) -> None:
        """Count rows; called in the thread."""
        self.state = structs.replace(self.state, rows=self.state.rows + rows)
        if self._stop.wait(PAUSE_S):
            raise _Stopped

    def _act(self, person: Principal, verdict: ChainVerdict) -> OperatorAction:
        rows = sum(each.rows for each in verdict.reports)
        return OperatorAction(
            id=new_ulid(self._clock),
            at=self._clock.utcnow(),
            actor=person.name,
            actor_id=person.id,
            role=person.role,
            action="audit.verified",
            target="audit log",
            detail={"sound": verdict.sound, "rows": rows, "chains": len(verdict.reports)},
        )

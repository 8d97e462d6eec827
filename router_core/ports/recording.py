"""The record side: the journal that nothing escapes, the store that it is projected into, and the readers of both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.types import (
    EVERYTHING,
    AuditChoices,
    AuditCount,
    AuditDetail,
    AuditFilter,
    AuditPage,
    ChainHead,
    ExportFormat,
    Intent,
    MetricsFilter,
    MetricsReport,
    MetricsWindow,
    NanoUSD,
    RequestEvent,
)

__all__ = [
    "AuditExporter",
    "AuditReader",
    "BatchResult",
    "EventBatch",
    "EventStore",
    "ExportStream",
    "HeadKeeper",
    "Journal",
    "JournalPosition",
    "MetricsReader",
    "MetricsStore",
    "StoredMeasures",
]


class JournalPosition(Struct, frozen=True, order=True):
    """A place between two entries: the number of a segment and the byte in it."""

    segment: int = 0
    offset: int = 0


class Journal(Protocol):
    """Written before a provider is called. How a request ended goes to the :class:`Recorder` before its answer does."""

    def intend(self, intent: Intent) -> None:
        """Write down a call before it is made. Raises :class:`OverloadedError` when it cannot be: then make no call."""
        ...

    async def settle(self) -> None:
        """Return once what was written is as safe as the setting asks."""
        ...


class EventBatch(Struct, frozen=True, kw_only=True):
    """Finished requests on their way into the store, oldest first.

    ``position`` is the place in the journal of ``writer`` up to which the store then has everything; None when the
    events come from another writer's journal.
    """

    writer: str
    events: tuple[RequestEvent, ...]
    position: JournalPosition | None = None


class BatchResult(Struct, frozen=True, kw_only=True):
    """What came of a batch: rows added, events that were known already, and where the writer's chain ends now."""

    added: int
    known: int
    head: ChainHead


class EventStore(Protocol):
    """Projects events: audit rows, ledger, usage and metrics in one transaction, all or nothing."""

    async def apply(self, batch: EventBatch) -> BatchResult:
        """Project ``batch``; events whose id is known are left out.

        Raises :class:`StoreError` kinds of :class:`OverloadedError` while the store is out of reach, and anything else
        for a batch that it will never take.
        """
        ...

    async def position(self, writer: str) -> JournalPosition | None:
        """Return how far into its journal the store has everything of ``writer``, None when it knows none."""
        ...

    async def known(self, ids: Collection[str]) -> set[str]:
        """Return which of these event ids are in the store."""
        ...


class HeadKeeper(Protocol):
    """Keeps the signed end of each chain outside the store, so that a truncated chain is found out."""

    def keep(self, head: ChainHead, at: datetime) -> None:
        """Remember ``head`` unless a later one of its writer is kept; never raises."""
        ...

    def heads(self) -> Sequence[ChainHead]:
        """Return what is kept and rightly signed, one for each writer."""
        ...


class AuditReader(Protocol):
    """Reads the audit log; every call does bounded work."""

    async def page(
        self, wanted: AuditFilter, *, limit: int, cursor: str | None = None, oldest: bool = False
    ) -> AuditPage:
        """Return one page of at most ``limit`` rows: the newest, the one at ``cursor``, or the oldest.

        Raises :class:`ValidationError` for a cursor that is none of ours.
        """
        ...

    async def count(self, wanted: AuditFilter) -> AuditCount:
        """Return how many rows match, counted to 10,000 at most."""
        ...

    async def detail(self, entry_id: str, accounts: Sequence[str] | None) -> AuditDetail | None:
        """Return everything that is kept of a row, None when there is none that ``accounts`` may see."""
        ...

    async def choices(self, accounts: Sequence[str] | None) -> AuditChoices:
        """Return what can be filtered by."""
        ...


class ExportStream(Protocol):
    """An export under way; read by one thread at a time."""

    def read(self) -> bytes | None:
        """Return the next piece, None at the end; blocks. Raises :class:`OverloadedError` when the store fails."""
        ...

    def cancel(self) -> None:
        """Stop the query; may be called from any thread."""
        ...


class AuditExporter(Protocol):
    """Exports the audit log out of one moment, oldest row first, with constant memory."""

    def open(self, wanted: AuditFilter, form: ExportFormat) -> ExportStream:
        """Return the rows that match; nothing is read yet."""
        ...


class StoredMeasures(Struct, frozen=True):
    """What was counted of one provider, model and use case in one step; ``start`` is None for all time.

    ``counts`` and ``packed`` are as :class:`router_core.metrics.measures.Measures` gives them.
    """

    start: datetime | None
    provider: str
    model: str
    use_case: str
    counts: tuple[int, ...]
    packed: tuple[bytes, bytes, bytes]


class MetricsStore(Protocol):
    """Holds what was counted by all processes. Spans are 60, 600 or 3,600 seconds."""

    async def step_stamps(self, span: int, since: datetime, chosen: MetricsFilter) -> dict[datetime, tuple[int, int]]:
        """Return, for each step that begins at ``since`` or later, a stamp that changes whenever the step does."""
        ...

    async def steps(self, span: int, starts: Collection[datetime], chosen: MetricsFilter) -> Sequence[StoredMeasures]:
        """Return the steps that begin at ``starts``."""
        ...

    async def cost_since(self, moment: datetime) -> NanoUSD:
        """Return what requests cost since ``moment``, the beginning of an hour."""
        ...

    async def totals(self, *, since_reset: bool) -> Sequence[StoredMeasures]:
        """Return what was counted since the last reset, or ever."""
        ...

    async def epoch_start(self) -> datetime:
        """Return when the metrics were reset last."""
        ...

    async def begin_epoch(self, at: datetime, actor: str) -> None:
        """Reset: what ends from ``at`` on is counted anew."""
        ...


class MetricsReader(Protocol):
    """Reads figures of all processes."""

    async def report(self, window: MetricsWindow, chosen: MetricsFilter = EVERYTHING) -> MetricsReport:
        """Return the figures of ``window``, of what is ``chosen``."""
        ...

    async def report_between(
        self, since: datetime, until: datetime, chosen: MetricsFilter = EVERYTHING
    ) -> MetricsReport:
        """Return the figures between two moments, of what is ``chosen``."""
        ...

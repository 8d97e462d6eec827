"""Exports the audit log: one reader thread, one format, bytes on demand."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine

from db.queries.audit_export import AuditBatches
from db.queries.export_formats import csv_bytes, jsonl_bytes, parquet_bytes
from router_core.types import AuditFilter, ExportFormat

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FORMATS", "SqlAuditExporter", "SqlExportStream", "piped"]

FORMATS: Final = MappingProxyType[ExportFormat, Callable[[Iterable[Any]], Iterator[bytes]]](
    {"csv": csv_bytes, "jsonl": jsonl_bytes, "parquet": parquet_bytes}
)
# A batch that is read while another is encoded; more would only cost memory.
_AHEAD: Final = 2
_PATIENCE_S: Final = 0.2


class SqlAuditExporter:
    """Opens exports; an :class:`AuditExporter`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, wanted: AuditFilter, form: ExportFormat) -> "SqlExportStream":
        """Return the rows that match as ``form``; nothing is read yet."""
        return SqlExportStream(AuditBatches(self._engine, wanted), form)


class SqlExportStream:
    """An export under way; an :class:`ExportStream`. It is read by one thread at a time, and cancelled by any."""

    def __init__(self, batches: AuditBatches, form: ExportFormat) -> None:
        self._batches = batches
        self._pieces = FORMATS[form](piped(batches))

    def read(self) -> bytes | None:
        """Return the next piece, None at the end. Raises :class:`StoreError`."""
        return next(self._pieces, None)

    def cancel(self) -> None:
        """Stop the query; what is read next is the end."""
        self._batches.cancel()


def piped(batches: AuditBatches) -> Iterator["pa.RecordBatch"]:
    """Yield ``batches`` while the next ones are read by a thread of their own. Raises what reading them raised."""
    ahead: queue.Queue[Any] = queue.Queue(_AHEAD)
    done = threading.Event()

    def read() -> None:
        try:
            for batch in batches:
                if not _put(ahead, batch, done):
                    break
            _put(ahead, None, done)
        except Exception as error:  # noqa: BLE001 - raised again by whoever reads
            _put(ahead, error, done)

    thread = threading.Thread(target=read, name="audit-export", daemon=True)
    thread.start()
    try:
        while (item := ahead.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        done.set()
        batches.cancel()


def _put(ahead: "queue.Queue[Any]", item: Any, done: threading.Event) -> bool:
    """Put ``item`` as soon as there is room; give up once nobody reads any more."""
    while not done.is_set():
        try:
            ahead.put(item, timeout=_PATIENCE_S)
        except queue.Full:
            continue
        return True
    return False

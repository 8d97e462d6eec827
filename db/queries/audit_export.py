"""Streams the audit log out of one moment of the store, oldest row first, as Arrow batches with constant memory.

One statement reads everything, so nothing that is written meanwhile is seen. SQLAlchemy writes it. PostgreSQL's Arrow
driver (ADBC) fills the batches. SQLite is read with the copy of it that all of this process reads with: a second copy,
which an Arrow driver brings along, takes the first one's locks away when it closes the file, and the store breaks.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sqlalchemy import Dialect, Engine, Select, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from db.engine import is_memory_url
from db.errors import StoreUnreachableError
from db.queries.audit_rows import LOG
from db.queries.audit_scan import all_conditions
from router_core.types import AuditFilter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FLAGS", "NUMBERS", "TEXTS", "AuditBatches"]

BATCH_ROWS: Final = 4_096
BATCH_BYTES: Final = 1_000_000
TEXTS: Final = (
    "request_id", "event", "account_id", "api_key", "user_email", "use_case", "provider", "model", "status",
    "error_code", "actor", "role", "address", "target", "id", "writer",
)  # fmt: skip
NUMBERS: Final = (
    "at", "input_tokens", "cache_read_tokens", "output_tokens", "cost", "latency_us", "first_token_us", "attempts",
    "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "seq",
)  # fmt: skip
FLAGS: Final = ("estimated", "cached", "streamed")
# The rarest filter leads; without any, time does.
_LEADS: Final = (
    ("request_id", "request_id"), ("user", "user_email_at"), ("api_key", "api_key_at"), ("account", "account_id_at"),
)  # fmt: skip


class AuditBatches:
    """The rows that match, once; :meth:`cancel` stops it from any thread."""

    def __init__(self, engine: Engine, wanted: AuditFilter) -> None:
        self._engine = engine
        self._wanted = wanted
        self._cancelled = threading.Event()
        self._interrupt: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Stop reading, and the statement that runs."""
        self._cancelled.set()
        interrupt = self._interrupt
        if interrupt is not None:
            interrupt()

    def __iter__(self) -> Iterator["pa.RecordBatch"]:
        """Yield batches of plain columns in order; ends early when cancelled. Raises :class:`StoreError`."""
        import adbc_driver_manager

        reads = self._from_server if self._engine.dialect.name == "postgresql" else self._from_file
        try:
            for batch in reads():
                if self._cancelled.is_set():
                    return
                yield batch
        except (adbc_driver_manager.Error, sqlite3.Error, OSError) as error:
            if not self._cancelled.is_set():
                raise StoreUnreachableError("The store cannot be read", detail=type(error).__name__) from None
        finally:
            self._interrupt = None

    def _from_server(self) -> Iterator["pa.RecordBatch"]:
        import adbc_driver_postgresql.dbapi as driver

        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with driver.connect(url) as connection, connection.cursor() as cursor:
            self._interrupt = cursor.adbc_cancel
            cursor.execute("SET statement_timeout = 0")
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
            cursor.execute(self._statement())
            yield from cursor.fetch_record_batch()

    def _from_file(self) -> Iterator["pa.RecordBatch"]:
        import pyarrow as pa

        if is_memory_url(self._engine.url):
            raise StoreUnreachableError("A store in memory cannot be exported")
        schema = pa.schema([(name, pa.string()) for name in TEXTS] + [(name, pa.int64()) for name in NUMBERS + FLAGS])
        place = f"file:{quote(self._engine.url.database or '')}?mode=ro"
        # Each batch is read in whatever thread asks for it, one after the other.
        with closing(sqlite3.connect(place, uri=True, check_same_thread=False)) as connection:
            self._interrupt = connection.interrupt
            rows = connection.execute(self._statement())
            while part := rows.fetchmany(BATCH_ROWS):
                columns = (
                    pa.array(each, field.type) for each, field in zip(zip(*part, strict=True), schema, strict=True)
                )
                yield pa.RecordBatch.from_arrays(list(columns), schema=schema)

    def _statement(self) -> str:
        """Return the statement with its values written into it, quoted by SQLAlchemy."""
        is_postgresql = self._engine.dialect.name == "postgresql"
        make: Callable[..., Dialect] = postgresql.dialect if is_postgresql else sqlite.dialect
        # Not the engine's own dialect, whose driver would want every per cent sign twice.
        dialect = make(paramstyle="numeric_dollar" if is_postgresql else "qmark")
        return str(self._query().compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

    def _query(self) -> Select[Any]:
        # Every column has one type in every row.
        texts = [func.coalesce(LOG.c[name], "").label(name) for name in TEXTS]
        numbers = [_number(name) for name in NUMBERS]
        flags = [case((LOG.c[name], 1), else_=0).label(name) for name in FLAGS]
        query = select(*texts, *numbers, *flags).where(*all_conditions(self._wanted)).order_by(LOG.c.at, LOG.c.position)
        lead = next((index for name, index in _LEADS if getattr(self._wanted, name) is not None), "at")
        return query.with_hint(LOG, f"INDEXED BY ix_audit_log_{lead}", "sqlite")


def _number(name: str) -> Any:
    column = LOG.c[name]
    if name == "at":
        return column.label(name)
    return func.coalesce(column, -1).label(name)

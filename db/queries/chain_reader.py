"""Reads the hash chains as they are stored, in order and with constant memory."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError

from db.engine import reading
from db.failures import as_store_error
from db.record_models import AuditCheckpoint, AuditWriter
from db.records.rows import micros
from router_core.admin.chain_check import ChainVerdict
from router_core.audit.chain import CHAINED
from router_core.audit.head_files import HeadFiles
from router_core.audit.signatures import ChainSigner
from router_core.audit.verifier import ChainFault, ChainReport, Checkpoint, Kept, StoredRow, verify_chain
from router_core.types import ChainHead

__all__ = ["SqlChainAuditor", "verify_chains"]

_CHUNK: Final = 2_000
_FLAGS: Final = frozenset({"estimated", "cached", "streamed"})
_ROWS: Final = text(
    f"SELECT {', '.join(f'l.{name}' for name in CHAINED)}, l.hash, t.trace, c.content FROM audit_log l "  # noqa: S608 - columns of ours
    "LEFT JOIN audit_traces t ON t.id = l.id LEFT JOIN audit_contents c ON c.id = l.id "
    "WHERE l.writer = :writer AND l.seq > :seq ORDER BY l.seq LIMIT :chunk"
)


class SqlChainAuditor:
    """Verifies the chains of one store against the ends that are kept outside it; a :class:`ChainAuditor`."""

    def __init__(self, engine: Engine, heads: HeadFiles, signer: ChainSigner) -> None:
        self._engine = engine
        self._heads = heads
        self._signer = signer

    def verify(self, seen: Callable[[int], None]) -> ChainVerdict:
        """Return what became of every chain; ``seen`` is told the rows of every chunk.

        Raises :class:`StoreError` when the store fails.
        """
        heads = {each.writer: each for each in self._heads.heads()}
        try:
            reports = tuple(verify_chains(self._engine, heads, self._signer, seen))
        except DBAPIError as error:
            raise as_store_error(error) from error
        return ChainVerdict(reports, tuple(self._heads.forged()))


def verify_chains(
    engine: Engine,
    heads: Mapping[str, ChainHead],
    signer: ChainSigner,
    seen: Callable[[int], None] = lambda _: None,
) -> Iterator[ChainReport]:
    """Yield a report of every chain in the store, and of every one that should be there.

    ``seen`` is told the rows of every chunk. Raises :class:`DBAPIError` when the store fails.
    """
    with reading(engine).connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        kept = _kept(connection)
        writers = list(connection.scalars(select(AuditWriter.id).order_by(AuditWriter.id)))
        known = {*writers, *connection.scalars(text("SELECT DISTINCT writer FROM audit_checkpoints"))}
        for writer in sorted(known):
            head = heads.get(writer)
            report = verify_chain(
                writer, _rows(connection, writer, seen), _checkpoints(connection, writer), head, signer, kept
            )
            yield report if report.fault is not None else _with_stored_end(connection, report)
    for writer in sorted(heads.keys() - known):
        what = f"the whole chain of {heads[writer].seq} rows is missing"
        fault = ChainFault(writer=writer, seq=1, id=None, what=what)
        yield ChainReport(writer=writer, rows=0, last_seq=0, vouched_seq=0, end_known=True, fault=fault)


def _with_stored_end(connection: Connection, report: ChainReport) -> ChainReport:
    """Find a chain that was cut off behind its last signature, by the end that the store itself keeps."""
    stored = connection.scalar(select(AuditWriter.seq).where(AuditWriter.id == report.writer)) or 0
    if stored <= report.last_seq:
        return report
    what = f"rows {report.last_seq + 1} to {stored} are missing from the end"
    fault = ChainFault(writer=report.writer, seq=report.last_seq + 1, id=None, what=what)
    return structs.replace(report, fault=fault)


def _rows(connection: Connection, writer: str, seen: Callable[[int], None]) -> Iterator[StoredRow]:
    seq = -1
    while True:
        chunk = connection.execute(_ROWS, {"writer": writer, "seq": seq, "chunk": _CHUNK}).all()
        for row in chunk:
            values = {name: _plain(name, value) for name, value in zip(CHAINED, row[: len(CHAINED)], strict=True)}
            stored_hash, trace, content = (None if each is None else bytes(each) for each in row[len(CHAINED) :])
            yield StoredRow(values, stored_hash or b"", trace, content)
        seen(len(chunk))
        if len(chunk) < _CHUNK:
            return
        seq = chunk[-1].seq


def _plain(name: str, value: Any) -> Any:
    """Return a value as it was when it was hashed, whatever the driver makes of it."""
    if name in _FLAGS:
        return bool(value)
    return bytes(value) if isinstance(value, memoryview) else value


def _checkpoints(connection: Connection, writer: str) -> list[Checkpoint]:
    table = AuditCheckpoint.__table__.c
    query = select(table.seq, table.hash, table.at, table.pruned_at, table.key_id, table.signature).where(
        table.writer == writer
    )
    return [
        Checkpoint(
            seq=row.seq,
            hash=bytes(row.hash),
            at=row.at,
            pruned_at=row.pruned_at,
            key_id=row.key_id,
            signature=bytes(row.signature),
        )
        for row in connection.execute(query)
    ]


class _Pruned(Struct):
    """The detail of the act that retention leaves: everything older than ``before`` may be gone."""

    detail: dict[str, str | int]


def _kept(connection: Connection) -> Kept:
    """Return since when details must be there, by what retention says that it removed."""
    query = text(
        "SELECT l.target, t.trace FROM audit_log l JOIN audit_traces t ON t.id = l.id "
        "WHERE l.event = 'retention.pruned' ORDER BY l.at"
    )
    oldest = {"audit_traces": 0, "audit_contents": 0}
    for target, trace in connection.execute(query):
        before = msgspec.json.decode(bytes(trace), type=_Pruned).detail.get("before")
        if target in oldest and isinstance(before, str):
            oldest[target] = micros(datetime.fromisoformat(before))
    return Kept(oldest["audit_traces"], oldest["audit_contents"])

"""Verifies hash chains: what was changed, taken out, put in, moved or cut off is found, and the first bad row named."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from router_core.audit.chain import GENESIS, next_hash
from router_core.audit.signatures import ChainSigner
from router_core.types import ChainHead

__all__ = ["ChainFault", "ChainReport", "Checkpoint", "Kept", "StoredRow", "verify_chain"]

_LOST: Final = "its detail is gone, though retention did not remove it"


class Checkpoint(Struct, frozen=True, kw_only=True):
    """A signed place in a chain; ``pruned_at`` says when all rows up to it were removed."""

    seq: int
    hash: bytes
    at: datetime
    pruned_at: datetime | None
    key_id: str
    signature: bytes


class StoredRow(Struct, frozen=True):
    """A row as stored, and what is kept beside it, None where it is gone. ``values`` holds all chained columns."""

    values: Mapping[str, Any]
    hash: bytes
    trace: bytes | None
    content: bytes | None


class ChainFault(Struct, frozen=True, kw_only=True):
    """The first thing wrong in a chain; ``id`` is None where a row is missing."""

    writer: str
    seq: int
    id: str | None
    what: str


class ChainReport(Struct, frozen=True, kw_only=True):
    """What became of one chain: rows checked, the last of them, the last place that is signed, and the first fault.

    ``end_known`` says whether a signed end is kept outside the store; without it a chain that was cut off behind
    ``vouched_seq`` would not be noticed.
    """

    writer: str
    rows: int
    last_seq: int
    vouched_seq: int
    end_known: bool
    fault: ChainFault | None


class Kept(Struct, frozen=True):
    """Details older than these moments (microseconds) may be gone."""

    traces: int
    contents: int


def verify_chain(
    writer: str,
    rows: Iterable[StoredRow],
    checkpoints: Sequence[Checkpoint],
    head: ChainHead | None,
    signer: ChainSigner,
    kept: Kept,
) -> ChainReport:
    """Check the chain of ``writer``, its rows in order. ``head`` is its end as kept outside the store."""
    return _Verification(writer, checkpoints, head, signer, kept).run(rows)


class _Verification:
    """One run over one chain."""

    def __init__(
        self, writer: str, checkpoints: Sequence[Checkpoint], head: ChainHead | None, signer: ChainSigner, kept: Kept
    ) -> None:
        self._writer = writer
        self._checkpoints = {each.seq: each for each in checkpoints}
        self._head = head
        self._signer = signer
        self._kept = kept
        self._count = self._last = 0
        self._vouched = 0

    def run(self, rows: Iterable[StoredRow]) -> ChainReport:
        fault = next(self._faults(rows), None)
        return ChainReport(
            writer=self._writer,
            rows=self._count,
            last_seq=self._last,
            vouched_seq=self._vouched,
            end_known=self._head is not None,
            fault=fault,
        )

    def _faults(self, rows: Iterable[StoredRow]) -> Iterator[ChainFault]:
        yield from self._forged_checkpoints()
        seq, end = self._start()
        for row in rows:
            seq += 1
            fault = self._row_fault(row, seq, end)
            if fault is not None:
                yield fault
                return
            end = row.hash
            self._count += 1
            self._last = seq
            yield from self._place_fault(seq, end, row.values["id"])
        yield from self._end_fault(seq)

    def _forged_checkpoints(self) -> Iterator[ChainFault]:
        for each in self._checkpoints.values():
            place = ChainHead(writer=self._writer, seq=each.seq, hash=each.hash)
            if not self._signer.is_checkpoint(place, each.at, each.pruned_at, each.key_id, each.signature):
                yield self._fault(each.seq, None, "the checkpoint here is not signed by us")

    def _start(self) -> tuple[int, bytes]:
        """Return where the rows begin: behind the newest checkpoint that was pruned, else at the beginning."""
        pruned = [each for each in self._checkpoints.values() if each.pruned_at is not None]
        if not pruned:
            return 0, GENESIS
        newest = max(pruned, key=lambda each: each.seq)
        self._vouched = self._last = newest.seq
        return newest.seq, newest.hash

    def _row_fault(self, row: StoredRow, seq: int, end: bytes) -> ChainFault | None:
        found = row.values["seq"]
        if found != seq:
            what = f"row {seq} is missing" if found > seq else "a row stands here twice"
            return self._fault(seq, None if found > seq else row.values["id"], what)
        if next_hash(end, row.values) != row.hash:
            return self._fault(seq, row.values["id"], "the row was changed, or what stood before it")
        return self._detail_fault(row, seq)

    def _detail_fault(self, row: StoredRow, seq: int) -> ChainFault | None:
        details = (("trace", row.trace, self._kept.traces), ("content", row.content, self._kept.contents))
        for name, stored, oldest in details:
            expected = row.values[f"{name}_hash"]
            if stored is not None and sha256(stored).digest() != expected:
                return self._fault(seq, row.values["id"], f"its {name} was changed")
            if stored is None and expected is not None and row.values["at"] >= oldest:
                return self._fault(seq, row.values["id"], f"{name}: {_LOST}")
        return None

    def _place_fault(self, seq: int, end: bytes, row_id: str) -> Iterator[ChainFault]:
        checkpoint = self._checkpoints.get(seq)
        if checkpoint is not None:
            if checkpoint.hash != end:
                yield self._fault(seq, row_id, "the chain up to here is not the one that was signed")
            self._vouched = seq
        if self._head is not None and self._head.seq == seq:
            if self._head.hash != end:
                yield self._fault(seq, row_id, "the chain up to here is not the one whose end is kept outside")
            self._vouched = seq

    def _end_fault(self, seq: int) -> Iterator[ChainFault]:
        signed = max([*self._checkpoints, self._head.seq if self._head is not None else 0], default=0)
        if signed > seq:
            yield self._fault(seq + 1, None, f"rows {seq + 1} to {signed} are missing from the end")

    def _fault(self, seq: int, row_id: str | None, what: str) -> ChainFault:
        return ChainFault(writer=self._writer, seq=seq, id=row_id, what=what)

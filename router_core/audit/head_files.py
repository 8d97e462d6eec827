"""The signed end of each chain, in a file outside the store: who cuts a chain off in the store is found out by it."""

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from router_core.audit.signatures import ChainSigner
from router_core.types import ChainHead

__all__ = ["HeadFiles", "MemoryHeads"]

_SUFFIX: Final = ".head"
_LOCK: Final = ".lock"
_log = logging.getLogger(__name__)


class _Kept(Struct, frozen=True, kw_only=True):
    writer: str
    seq: int
    hash: bytes
    at: datetime
    key_id: str
    signature: bytes

    def head(self) -> ChainHead:
        return ChainHead(writer=self.writer, seq=self.seq, hash=self.hash)


class MemoryHeads:
    """Keeps the newest end of each chain in memory; a :class:`HeadKeeper`."""

    def __init__(self) -> None:
        self._heads: dict[str, ChainHead] = {}

    def keep(self, head: ChainHead, at: datetime) -> None:  # noqa: ARG002 - files keep it
        """Remember ``head`` unless a later one is kept."""
        known = self._heads.get(head.writer)
        if known is None or known.seq < head.seq:
            self._heads[head.writer] = head

    def heads(self) -> Sequence[ChainHead]:
        """Return what is kept."""
        return list(self._heads.values())


class HeadFiles:
    """One file for each writer, replaced whole; any number of processes may write it; a :class:`HeadKeeper`."""

    def __init__(self, folder: Path, signer: ChainSigner) -> None:
        self._folder = folder
        self._signer = signer

    def keep(self, head: ChainHead, at: datetime) -> None:
        """Remember ``head`` unless a later one of its writer is kept; never raises."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                known = self._read(self._folder / f"{head.writer}{_SUFFIX}")
                if known is None or known.seq < head.seq:
                    self._write(head, at)
        except OSError as error:
            _log.error("the end of the audit chain %s could not be kept outside the store: %s", head.writer, error)

    def heads(self) -> Sequence[ChainHead]:
        """Return what is kept and rightly signed, one for each writer. Raises ``OSError``."""
        found = (self._read(path) for path in sorted(self._folder.glob(f"*{_SUFFIX}")))
        return [kept.head() for kept in found if kept is not None]

    def forged(self) -> Sequence[str]:
        """Return the names of files that are not ours, or no longer whole. Raises ``OSError``."""
        return [path.name for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if self._read(path) is None]

    def _read(self, path: Path) -> _Kept | None:
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        is_ours = kept.writer == path.stem and self._signer.is_head(kept.head(), kept.key_id, kept.signature)
        return kept if is_ours else None

    def _write(self, head: ChainHead, at: datetime) -> None:
        kept = _Kept(
            writer=head.writer,
            seq=head.seq,
            hash=head.hash,
            at=at,
            key_id=self._signer.key_id,
            signature=self._signer.sign_head(head),
        )
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(kept))
        Path(name).replace(self._folder / f"{head.writer}{_SUFFIX}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fd = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

"""Keys and sealed secrets in memory: for a router without a database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from router_core.security.vault.faults import KeyInUseError, RotationRunningError
from router_core.types.vault import SealedPlace, SealedRow, VaultRecord

__all__ = ["MemorySealedRows", "MemoryVaultStore"]


class MemorySealedRows:
    """Keeps sealed secrets by place; a :class:`SealedRows`."""

    def __init__(self) -> None:
        self._rows: dict[SealedPlace, SealedRow] = {}
        self._revision = 1

    def put(self, row: SealedRow) -> None:
        """Keep ``row``."""
        self._rows[row.place] = row

    async def page(self, after: SealedPlace | None, limit: int, other_than: int | None = None) -> Sequence[SealedRow]:
        """Return rows in the order of their places."""
        found = sorted(self._rows.values(), key=lambda row: _order(row.place))
        return [
            row for row in found if row.version != other_than and (after is None or _order(row.place) > _order(after))
        ][:limit]

    async def counts(self) -> Mapping[int, int]:
        """Return how many rows are under each version."""
        found: dict[int, int] = {}
        for row in self._rows.values():
            found[row.version] = found.get(row.version, 0) + 1
        return found

    async def swap(self, old: SealedRow, new: SealedRow) -> bool:
        """Put ``new`` in the place of ``old``."""
        if self._rows.get(old.place) != old:
            return False
        self._rows[old.place] = new
        return True

    async def settle(self) -> int:
        """Return the next revision."""
        self._revision += 1
        return self._revision


class MemoryVaultStore:
    """Keeps the record of keys; a :class:`VaultStore`. ``rows`` are those that its keys are for."""

    def __init__(self, rows: MemorySealedRows) -> None:
        self._rows = rows
        self._record: VaultRecord | None = None
        self._held = False

    async def load(self) -> VaultRecord | None:
        """Return the record."""
        return self._record

    async def generation(self) -> int:
        """Return the record's generation."""
        return 0 if self._record is None else self._record.generation

    async def change(self, record: VaultRecord) -> bool:
        """Keep ``record`` if it is the next one."""
        if record.generation != await self.generation() + 1:
            return False
        used = await self._rows.counts()
        if any(key.state == "retired" and used.get(key.version) for key in record.keys):
            raise KeyInUseError("A key that is in use cannot be retired")
        self._record = record
        return True

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Be the only one to rotate."""
        if self._held:
            raise RotationRunningError("Another rotation of keys is running")
        self._held = True
        try:
            yield
        finally:
            self._held = False


def _order(place: SealedPlace) -> tuple[str, str, str]:
    return place.table, place.field, place.row_id

"""Wrapped keys and sealed secrets, on SQL."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from msgspec import structs
from sqlalchemy import Engine, RowMapping, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.migration_guard import rotation_guard
from db.sealed_columns import SEALED_COLUMNS, SealedColumn
from db.stores.revisions import next_revision
from db.upserts import insert_into
from db.vault_models import DataKeyRow, KeyWrapRow, MasterSlotRow, VaultState
from router_core.clock import Clock
from router_core.security.vault.faults import KeyInUseError
from router_core.types.vault import DataKey, MasterSlot, SealedPlace, SealedRow, VaultRecord, Wrap

__all__ = ["SqlSealedRows", "SqlVaultStore", "keep_record", "read_record", "read_sealed"]


class SqlVaultStore:
    """Keeps the record of keys; a :class:`VaultStore`."""

    def __init__(self, hop: StoreHop, engine: Engine) -> None:
        self._hop = hop
        self._engine = engine

    async def load(self) -> VaultRecord | None:
        """Return the record."""
        return await self._hop.read(read_record)

    async def generation(self) -> int:
        """Return the record's generation."""
        return await self._hop.read(lambda session: session.scalar(select(VaultState.generation)) or 0)

    async def change(self, record: VaultRecord) -> bool:
        """Keep ``record`` if it is the next one. Raises :class:`KeyInUseError`."""
        return await self._hop.write(lambda session: keep_record(session, record))

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Be the only one to rotate. Raises :class:`RotationRunningError`."""
        held = ExitStack()
        try:
            await asyncio.to_thread(held.enter_context, rotation_guard(self._engine))
            yield
        finally:
            await asyncio.to_thread(held.close)


class SqlSealedRows:
    """Reads and changes sealed secrets of all ``columns``; a :class:`SealedRows`."""

    def __init__(self, hop: StoreHop, clock: Clock, columns: Sequence[SealedColumn] = SEALED_COLUMNS) -> None:
        self._hop = hop
        self._clock = clock
        self._columns = sorted(columns, key=_name)

    async def page(self, after: SealedPlace | None, limit: int, other_than: int | None = None) -> Sequence[SealedRow]:
        """Return rows in the order of their places."""

        def work(session: Session) -> list[SealedRow]:
            found: list[SealedRow] = []
            for column in self._columns:
                if len(found) < limit and (after is None or _name(column) >= (after.table, after.field)):
                    query = _page(column, after, other_than).limit(limit - len(found))
                    found += [_sealed_row(column, row) for row in session.execute(query).mappings()]
            return found

        return await self._hop.read(work)

    async def counts(self) -> Mapping[int, int]:
        """Return how many rows are under each version."""

        def work(session: Session) -> dict[int, int]:
            found: dict[int, int] = {}
            for column in self._columns:
                version = column.table.c[column.version]
                for number, rows in session.execute(select(version, func.count()).group_by(version)):
                    found[number] = found.get(number, 0) + rows
            return found

        return await self._hop.read(work)

    async def swap(self, old: SealedRow, new: SealedRow) -> bool:
        """Put ``new`` in the place of ``old``."""
        column = next(each for each in self._columns if _name(each) == (old.place.table, old.place.field))
        cells = column.table.c
        statement = (
            update(column.table)
            .where(cells[column.row] == old.place.row_id, cells[column.sealed] == old.sealed)
            .where(cells[column.account].is_not_distinct_from(old.place.account_id))
            .values({column.sealed: new.sealed, column.version: new.version})
            .returning(cells[column.row])
        )
        return await self._hop.write(lambda session: session.execute(statement).first() is not None)

    async def settle(self) -> int:
        """Take the next revision of the configuration, of which sealed secrets are a part."""
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: next_revision(session, now))


def read_sealed(session: Session, columns: Sequence[SealedColumn] = SEALED_COLUMNS) -> list[SealedRow]:
    """Return everything that is sealed in ``columns``."""
    return [_sealed_row(each, row) for each in columns for row in session.execute(_page(each, None, None)).mappings()]


def read_record(session: Session) -> VaultRecord | None:
    """Return the record of all keys."""
    generation = session.scalar(select(VaultState.generation))
    if generation is None:
        return None
    slots = session.scalars(select(MasterSlotRow).order_by(MasterSlotRow.created_at, MasterSlotRow.id))
    wraps = session.scalars(select(KeyWrapRow).order_by(KeyWrapRow.slot, KeyWrapRow.name))
    keys = session.scalars(select(DataKeyRow).order_by(DataKeyRow.version))
    return VaultRecord(
        generation=generation,
        slots=tuple(_as(MasterSlot, row) for row in slots),
        wraps=tuple(_as(Wrap, row) for row in wraps),
        keys=tuple(_as(DataKey, row) for row in keys),
    )


def keep_record(session: Session, record: VaultRecord) -> bool:
    """Keep ``record`` if it is the next one; return whether it was. Raises :class:`KeyInUseError`."""
    if not _advanced(session, record.generation):
        return False
    session.execute(delete(MasterSlotRow))
    session.add_all([MasterSlotRow(**structs.asdict(each)) for each in record.slots])
    session.flush()
    session.add_all([KeyWrapRow(**structs.asdict(each)) for each in record.wraps])
    try:
        for key in record.keys:
            values = {**structs.asdict(key), "open_version": None if key.state == "retired" else key.version}
            statement = insert_into(session, DataKeyRow.__table__).values(values)
            session.execute(statement.on_conflict_do_update(index_elements=["version"], set_=values))
        session.flush()
    except IntegrityError:
        raise KeyInUseError("A key that is in use cannot be retired") from None
    return True


def _advanced(session: Session, generation: int) -> bool:
    if generation == 1:
        first = insert_into(session, VaultState.__table__).values(id=1, generation=1).on_conflict_do_nothing()
        return session.execute(first.returning(VaultState.id)).first() is not None
    change = update(VaultState).where(VaultState.generation == generation - 1).values(generation=generation)
    return session.execute(change.returning(VaultState.id)).first() is not None


def _name(column: SealedColumn) -> tuple[str, str]:
    return str(column.table.name), column.sealed


def _page(column: SealedColumn, after: SealedPlace | None, other_than: int | None) -> Select[Any]:
    cells = column.table.c
    query = select(
        cells[column.row].label("row"),
        cells[column.account].label("account"),
        cells[column.owner].label("owner"),
        cells[column.sealed].label("sealed"),
        cells[column.version].label("version"),
    ).order_by(cells[column.row])
    if after is not None and _name(column) == (after.table, after.field):
        query = query.where(cells[column.row] > after.row_id)
    return query if other_than is None else query.where(cells[column.version] != other_than)


def _sealed_row(column: SealedColumn, row: RowMapping) -> SealedRow:
    place = SealedPlace(*_name(column), row["row"], row["account"])
    return SealedRow(place=place, owner=row["owner"], sealed=row["sealed"], version=row["version"])


def _as(kind: Any, row: Any) -> Any:
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__})

"""A vault of each kind, with a table of sealed secrets of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, insert

from db.engine import make_engine, writing
from db.hop import StoreHop
from db.sealed_columns import SealedColumn
from db.stores import SqlSealedRows, SqlVaultStore
from db.vault_models import DataKeyRow
from router_core.clock import Clock
from router_core.ports import NodeRegister, SealedRows, VaultStore
from router_core.security.vault import records
from router_core.security.vault.key_manager import version_of
from router_core.security.vault.master import MasterSecret
from router_core.security.vault.memory_vault import MemorySealedRows, MemoryVaultStore
from router_core.security.vault.steps import VaultParts
from router_core.security.vault.vault import Vault
from router_core.types.vault import SealedPlace, SealedRow, VaultRecord
from tests.support.fake_clock import FakeClock

__all__ = ["MASTER", "NOW", "VaultRig", "memory_vault", "place", "sealed_row", "sql_vault", "vault_desk_parts"]

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MASTER = MasterSecret(b"m" * 32)
TABLE = "sealed_things"


@dataclass
class VaultRig:
    """The two ports of a vault, and what puts a row beside them."""

    store: VaultStore
    rows: SealedRows
    put: Callable[[SealedRow], Awaitable[None]]

    async def begin(self) -> VaultRecord:
        """Make the first record."""
        record = records.first_record(MASTER, "s1", NOW)
        assert await self.store.change(record)
        return record


def place(row_id: str = "r1", account_id: str | None = None) -> SealedPlace:
    """Return a place in the rig's table."""
    return SealedPlace(TABLE, "secret", row_id, account_id)


def sealed_row(at: SealedPlace, sealed: bytes, version: int | None = None) -> SealedRow:
    """Return what is sealed ``at`` a place, under the version that it says it is under."""
    return SealedRow(place=at, owner=f"of {at.row_id}", sealed=sealed, version=version or version_of(sealed) or 1)


def memory_vault() -> VaultRig:
    """Return a vault in memory."""
    rows = MemorySealedRows()

    async def put(row: SealedRow) -> None:
        rows.put(row)

    return VaultRig(MemoryVaultStore(rows), rows, put)


@asynccontextmanager
async def sql_vault(url: str) -> AsyncIterator[VaultRig]:
    """Have a vault in the migrated store at ``url``."""
    metadata = MetaData()
    keys = cast("Table", DataKeyRow.__table__).to_metadata(metadata)
    things = Table(
        TABLE, metadata, Column("id", Text, primary_key=True), Column("account_id", Text), Column("owner", Text),
        Column("secret", LargeBinary, nullable=False), Column("version", Integer, ForeignKey(keys.c.open_version)),
    )  # fmt: skip
    engine = make_engine(url)
    metadata.create_all(engine, tables=[things])
    hop = StoreHop(engine)
    column = SealedColumn(
        table=things, row="id", account="account_id", owner="owner", sealed="secret", version="version"
    )

    async def put(row: SealedRow) -> None:
        values = {
            "id": row.place.row_id, "account_id": row.place.account_id, "owner": row.owner, "secret": row.sealed,
            "version": row.version,
        }  # fmt: skip
        with writing(engine).begin() as connection:
            connection.execute(insert(things).values(values))

    yield VaultRig(SqlVaultStore(hop, engine), SqlSealedRows(hop, FakeClock(start=NOW), [column]), put)
    hop.close()


def vault_desk_parts(nodes: NodeRegister, clock: Clock) -> VaultParts:
    """Return what a desk of keys works on: a vault in memory without a secret."""
    rig = memory_vault()
    record = asyncio.run(rig.begin())
    opened = records.open_slot(record, MASTER)
    vault = Vault(rig.store, record, opened, lambda newer: records.open_slot(newer, MASTER), clock)
    return VaultParts(vault=vault, store=rig.store, rows=rig.rows, nodes=nodes, clock=clock)

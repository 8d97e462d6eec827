"""The contract of where wrapped keys are kept, and of what is sealed under them."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from msgspec import structs

from router_core.security.vault import records
from router_core.security.vault.faults import KeyInUseError, RotationRunningError
from router_core.types.vault import SealedRow
from tests.support.vault_kinds import MASTER, NOW, VaultRig, memory_vault, place, sealed_row, sql_vault


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[VaultRig]:
    if request.param == "memory":
        yield memory_vault()
        return
    async with sql_vault(request.getfixturevalue(f"{request.param}_url")) as made:
        yield made


async def test_there_is_no_record_before_the_first(rig: VaultRig) -> None:
    assert await rig.store.load() is None
    assert await rig.store.generation() == 0


async def test_a_record_is_read_back_as_it_was_kept(rig: VaultRig) -> None:
    first = await rig.begin()
    assert await rig.store.load() == first
    opened = records.open_slot(first, MASTER)
    second = records.with_slot(records.staged(first, opened, NOW), opened, MASTER, "s2", NOW)
    assert not await rig.store.change(second)
    assert await rig.store.change(structs.replace(second, generation=2))
    assert await rig.store.load() == structs.replace(second, generation=2)
    assert await rig.store.generation() == 2


async def test_of_two_first_records_and_of_two_changes_one_is_kept(rig: VaultRig) -> None:
    first = await rig.begin()
    assert not await rig.store.change(records.first_record(MASTER, "other", NOW))
    opened = records.open_slot(first, MASTER)
    one, other = (records.staged(first, opened, NOW) for _ in range(2))
    assert [await rig.store.change(each) for each in (one, other)] == [True, False]
    assert await rig.store.load() == one


async def test_a_key_that_something_is_sealed_under_cannot_be_retired(rig: VaultRig) -> None:
    record = await rig.begin()
    row = sealed_row(place(), b"sealed", version=1)
    await rig.put(row)
    record = records.staged(record, records.open_slot(record, MASTER), NOW)
    assert await rig.store.change(record)
    record = records.promoted(record, NOW)
    assert await rig.store.change(record)
    last = records.retired(record, {1}, NOW)
    with pytest.raises(KeyInUseError):
        await rig.store.change(last)
    assert await rig.store.load() == record
    assert await rig.rows.swap(row, structs.replace(row, sealed=b"again", version=2))
    assert await rig.store.change(last)
    assert await rig.store.load() == last


async def test_one_process_at_a_time_rotates(rig: VaultRig) -> None:
    async with rig.store.hold():
        with pytest.raises(RotationRunningError):
            async with rig.store.hold():
                pass
    async with rig.store.hold():
        pass


async def test_rows_come_in_pages_in_the_order_of_their_places(rig: VaultRig) -> None:
    await rig.begin()
    rows = [sealed_row(place(f"r{number}", account), b"x", 1) for number, account in enumerate([None, "a", "b"])]
    for row in reversed(rows):
        await rig.put(row)
    first = await rig.rows.page(None, 2)
    assert list(first) == rows[:2]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=list[SealedRow]) == list(first)
    assert list(await rig.rows.page(first[-1].place, 2)) == rows[2:]
    assert list(await rig.rows.page(rows[2].place, 2)) == []
    assert list(await rig.rows.page(None, 9, other_than=1)) == []
    assert list(await rig.rows.page(None, 9, other_than=2)) == rows
    assert dict(await rig.rows.counts()) == {1: 3}


async def test_a_row_is_swapped_only_while_it_is_as_it_was_read(rig: VaultRig) -> None:
    await rig.begin()
    row = sealed_row(place(), b"one", 1)
    await rig.put(row)
    new = structs.replace(row, sealed=b"two")
    assert await rig.rows.swap(row, new)
    assert not await rig.rows.swap(row, structs.replace(row, sealed=b"three"))
    assert not await rig.rows.swap(sealed_row(place("gone"), b"two", 1), new)
    assert not await rig.rows.swap(sealed_row(place("r1", "another"), b"two", 1), new)
    assert list(await rig.rows.page(None, 9)) == [new]


async def test_readers_are_told_to_look_again_by_a_new_revision(rig: VaultRig) -> None:
    assert await rig.rows.settle() < await rig.rows.settle()


async def test_nothing_can_be_sealed_under_a_retired_key(sqlite_url: str) -> None:
    async with sql_vault(sqlite_url) as made:
        record = await made.begin()
        record = records.staged(record, records.open_slot(record, MASTER), NOW)
        for step in (record, records.promoted(record, NOW), records.retired(records.promoted(record, NOW), {1}, NOW)):
            assert await made.store.change(step)
        with pytest.raises(Exception, match="FOREIGN KEY"):
            await made.put(sealed_row(place(), b"late", 1))

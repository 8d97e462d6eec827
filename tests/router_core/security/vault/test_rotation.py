"""Rotation: whatever happens to it and beside it, every secret can be read, and it comes to its end."""

import asyncio
from itertools import count

import pytest
from msgspec import structs

from router_core.errors import OverloadedError
from router_core.security.vault.faults import (
    MasterChangeOpenError,
    NodesBehindError,
    RotationRunningError,
    WrongMasterKeyError,
)
from router_core.security.vault.master import MasterSecret
from router_core.security.vault.master_change import MasterChange
from router_core.security.vault.rotation import ROTATION_STEPS, KeyRotation, is_rotating
from router_core.security.vault.vault import Vault
from router_core.types.vault import SealedRow, VaultRecord
from tests.support.vault_kinds import MASTER, memory_vault
from tests.support.vault_world import KilledError, VaultWorld, stop_at, vault_world

NEW = MasterSecret(b"n" * 32)


@pytest.fixture
async def world() -> VaultWorld:
    return await vault_world(memory_vault())


async def record_of(world: VaultWorld) -> VaultRecord:
    record = await world.rig.store.load()
    assert record is not None
    return record


async def assert_rotated(world: VaultWorld) -> None:
    record = await record_of(world)
    assert not is_rotating(record)
    (primary,) = [each.version for each in record.keys if each.state != "retired"]
    assert set(await world.rig.rows.counts()) == {primary}
    assert {each.name for each in record.wraps} == {"root", f"data {primary}"}
    for keys in (await world.process(), world.nodes.node):
        assert await world.unreadable(keys) == []


async def test_every_secret_is_sealed_under_a_new_key_and_the_old_one_is_gone(world: VaultWorld) -> None:
    steps: list[str] = []
    outcome = await world.rotate(steps.append)
    assert [(each.provider_id, each.status) for each in outcome] == [(f"of r{n}", "rotated") for n in range(3)]
    assert tuple(dict.fromkeys(steps)) == ROTATION_STEPS
    assert [each.state for each in (await record_of(world)).keys] == ["retired", "primary"]
    await assert_rotated(world)


async def test_a_rotation_that_is_killed_at_any_step_leaves_all_readable_and_goes_on(world: VaultWorld) -> None:
    for number in count():
        world = await vault_world(memory_vault())
        try:
            await world.rotate(stop_at(number))
        except KilledError:
            assert await world.unreadable(world.nodes.node) == []
            assert await world.unreadable(await world.process()) == []
            await world.rotate()
            await assert_rotated(world)
        else:
            break
    assert number == len(ROTATION_STEPS) + 2 * (len(world.secrets) - 1)


async def test_a_rotation_that_is_killed_again_and_again_comes_to_its_end(world: VaultWorld) -> None:
    for _ in range(len(world.secrets) + len(ROTATION_STEPS)):
        try:
            await world.rotate(stop_at(3))
        except KilledError:
            assert await world.unreadable(world.nodes.node) == []
    await world.rotate()
    await assert_rotated(world)


async def test_what_a_node_seals_meanwhile_is_sealed_again_too(world: VaultWorld) -> None:
    late: list[str] = []

    def on_step(step: str) -> None:
        late.append(step)
        entering = world.enter(f"late-{len(late)}", world.nodes.node)
        with pytest.raises(StopIteration):
            entering.send(None)

    def until_sealing(step: str) -> None:
        if step in ROTATION_STEPS[: ROTATION_STEPS.index("nothing left")] and len(late) < 20:
            on_step(step)

    await world.rotate(until_sealing)
    assert len(world.secrets) == 3 + len(late)
    await assert_rotated(world)


async def test_what_a_command_seals_at_the_last_moment_is_sealed_again_before_its_key_is_retired(
    world: VaultWorld,
) -> None:
    command, rounds = await world.process(), count()

    def on_step(step: str) -> None:
        if step == "settled" and next(rounds) == 0:
            with pytest.raises(StopIteration):
                world.enter("last", command).send(None)

    await world.rotate(on_step)
    assert "last" in world.secrets
    await assert_rotated(world)


async def test_a_row_that_changes_under_the_rotation_keeps_its_new_secret(world: VaultWorld) -> None:
    changed: list[str] = []

    def on_step(step: str) -> None:
        if step == "opened a row" and len(changed) < 3:
            row_id = f"r{len(changed)}"
            changed.append(row_id)
            with pytest.raises(StopIteration):
                world.enter(row_id, world.nodes.node, f"sk-new-of-{row_id}").send(None)

    await world.rotate(on_step)
    assert {world.secrets[row_id].reveal() for row_id in changed} == {f"sk-new-of-r{n}" for n in range(3)}
    await assert_rotated(world)


async def test_an_unreadable_secret_is_said_and_keeps_the_old_key_and_the_next_rotation_is_a_new_one(
    world: VaultWorld,
) -> None:
    (row, *_) = await world.rig.rows.page(None, 1)
    await world.rig.put(structs.replace(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])))
    for version in (2, 3):
        outcome = await world.rotate()
        assert [each.status for each in outcome] == ["unreadable", "rotated", "rotated"]
        states = {each.version: each.state for each in (await record_of(world)).keys}
        assert (states[1], states[version]) == ("draining", "primary")
        assert await world.unreadable(world.nodes.node) == ["r0"]
    assert states[2] == "retired"


async def test_a_node_that_does_not_follow_holds_the_rotation_up_and_nothing_is_lost(world: VaultWorld) -> None:
    world.nodes.follows = False
    with pytest.raises(NodesBehindError, match="late"):
        await world.rotate()
    assert [each.state for each in (await record_of(world)).keys] == ["primary", "staged"]
    assert sum(world.clock.waits) >= 30.0
    world.nodes.follows = True
    await world.rotate()
    await assert_rotated(world)


async def test_a_second_rotation_at_once_is_refused(world: VaultWorld) -> None:
    parts = await world.parts()
    async with parts.store.hold():
        with pytest.raises(RotationRunningError):
            await KeyRotation(parts).run()
    assert len((await record_of(world)).keys) == 1


async def test_a_store_that_fails_ends_it_and_it_goes_on_later(world: VaultWorld) -> None:
    swap = world.rig.rows.swap

    async def failing(old: SealedRow, new: SealedRow) -> bool:
        raise OverloadedError("The store is busy")

    parts = await world.parts()
    parts.rows.swap = failing  # type: ignore[method-assign]
    with pytest.raises(OverloadedError):
        await KeyRotation(parts).run()
    parts.rows.swap = swap  # type: ignore[method-assign]
    assert await world.unreadable(world.nodes.node) == []
    await world.rotate()
    await assert_rotated(world)


async def test_a_node_looks_at_the_store_once_for_a_key_that_it_does_not_know(world: VaultWorld) -> None:
    behind = await world.process()
    await world.rotate()
    assert await world.unreadable(behind) == []


async def test_a_process_follows_the_store_by_itself(world: VaultWorld) -> None:
    follower = await world.process()
    running = asyncio.create_task(follower.run())
    await world.rotate()
    generation = await world.rig.store.generation()
    for _ in range(50):
        await asyncio.sleep(0)
    running.cancel()
    assert follower.record.generation == generation


async def change_master(world: VaultWorld, on_step: object = None, *, adopts: bool = True) -> tuple[bool, int]:
    def adopt() -> None:
        world.masters.append(NEW)

    steps = on_step if callable(on_step) else lambda _: None
    report = await MasterChange(await world.parts(), NEW, adopt if adopts else None, steps).run()
    return report.finished, len(report.late)


async def opens(world: VaultWorld, secret: MasterSecret) -> Vault | None:
    try:
        return await world.process(secret)
    except WrongMasterKeyError:
        return None


async def test_a_new_master_key_where_processes_look_for_theirs_is_changed_to_at_once(world: VaultWorld) -> None:
    assert await change_master(world) == (True, 0)
    assert await opens(world, MASTER) is None
    assert await world.unreadable(world.nodes.node) == []
    await world.rotate()
    await assert_rotated(world)


async def test_a_change_of_the_master_key_that_is_killed_at_any_step_goes_on(world: VaultWorld) -> None:
    for number in count():
        world = await vault_world(memory_vault())
        try:
            await change_master(world, stop_at(number))
        except KilledError:
            assert await opens(world, world.masters[-1]) is not None
            assert await world.unreadable(world.nodes.node) == []
            assert await change_master(world) == (True, 0)
            assert await opens(world, MASTER) is None
        else:
            break
    assert number == 4


async def test_until_every_node_has_the_new_master_key_both_are_good(world: VaultWorld) -> None:
    assert await change_master(world, adopts=False) == (False, 1)
    assert await opens(world, MASTER) is not None
    assert await opens(world, NEW) is not None
    with pytest.raises(MasterChangeOpenError):
        await world.rotate()
    with pytest.raises(MasterChangeOpenError):
        await MasterChange(await world.parts(), MasterSecret(b"x" * 32)).run()
    world.masters.append(NEW)
    assert await change_master(world, adopts=False) == (False, 1)
    world.nodes.node = await world.process()
    assert await change_master(world, adopts=False) == (True, 0)
    assert await opens(world, MASTER) is None
    await world.rotate()
    await assert_rotated(world)


async def test_a_node_that_lost_its_master_key_goes_on_with_what_it_holds_and_says_so(world: VaultWorld) -> None:
    left_behind = await world.process(MASTER)
    await change_master(world)
    await left_behind.refresh()
    assert left_behind.monitor.word == "down"
    assert await world.unreadable(left_behind) == []

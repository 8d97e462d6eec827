"""What people see of keys and secrets, and the rotation that they begin."""

import asyncio

import pytest
from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.encryption import MOST_OPENED, EncryptionDesk, EncryptionView, encryption_view
from router_core.errors import ForbiddenError
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.vault.faults import RotationRunningError
from router_core.types import Principal
from tests.support.vault_kinds import memory_vault, place
from tests.support.vault_world import VaultWorld, vault_world

HEAD = Principal(kind="person", id="u", name="ada", role="admin", accounts=())
ANALYST = structs.replace(HEAD, role="analyst")


class Desk:
    """A desk over a world of secrets, and what it wrote down."""

    def __init__(self, world: VaultWorld, log: MemoryActionLog, desk: EncryptionDesk) -> None:
        self.world = world
        self.log = log
        self.desk = desk

    async def ended(self) -> EncryptionView:
        """Wait for the end of the rotation that runs."""
        if self.desk._running is not None:
            await asyncio.wait({self.desk._running})
        return await self.desk.status(HEAD)


@pytest.fixture
async def desk() -> Desk:
    world, log = await vault_world(memory_vault()), MemoryActionLog()
    return Desk(world, log, EncryptionDesk(await world.parts(), ActionTrail(log, world.clock)))


async def test_every_secret_is_listed_with_its_key_and_whether_it_can_be_read(desk: Desk) -> None:
    (row, *_) = await desk.world.rig.rows.page(None, 1)
    await desk.world.rig.put(structs.replace(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])))
    view = await desk.desk.status(HEAD)
    assert (view.state, view.total, view.unreadable, view.waiting) == ("settled", 3, 1, 0)
    assert [(each.id, each.readable) for each in view.secrets] == [("r0", False), ("r1", True), ("r2", True)]
    assert [(each.version, each.state, each.secrets) for each in view.keys] == [(1, "primary", 3)]


async def test_a_look_opens_a_thousand_secrets_at_most_and_counts_them_all(desk: Desk) -> None:
    (row, *_) = await desk.world.rig.rows.page(None, 1)
    for number in range(MOST_OPENED):
        await desk.world.rig.put(structs.replace(row, place=place(f"s{number:04}")))
    view = await desk.desk.status(HEAD)
    assert (view.total, view.checked, view.unreadable, view.waiting) == (MOST_OPENED + 3, MOST_OPENED, 997, 0)
    assert [each.secrets for each in view.keys] == [MOST_OPENED + 3]
    everything = await encryption_view(await desk.world.parts())
    assert (everything.checked, everything.unreadable) == (MOST_OPENED + 3, MOST_OPENED)


async def test_a_row_that_says_another_key_than_its_bytes_counts_as_unreadable(desk: Desk) -> None:
    (row, *_) = await desk.world.rig.rows.page(None, 1)
    await desk.world.rig.put(structs.replace(row, version=7))
    assert (await desk.desk.status(HEAD)).unreadable == 1


async def test_a_rotation_runs_by_itself_and_both_its_ends_are_on_record(desk: Desk) -> None:
    begun = await desk.desk.rotate(HEAD)
    assert begun.running
    ended = await desk.ended()
    assert (ended.state, ended.waiting, ended.last_error) == ("settled", 0, None)
    await desk.desk._trail.flush()
    acts = [(each.action, each.actor, dict(each.detail)) for each in await desk.log.recent(10)]
    assert acts == [
        ("encryption.rotated", "ada", {"rotated": 3, "unreadable": 0}),
        ("encryption.rotation_begun", "ada", {}),
    ]


async def test_one_rotation_at_a_time_here_and_elsewhere(desk: Desk) -> None:
    async with desk.world.rig.store.hold():
        with pytest.raises(RotationRunningError):
            await desk.desk.rotate(HEAD)
    await desk.desk.rotate(HEAD)
    with pytest.raises(RotationRunningError):
        await desk.desk.rotate(HEAD)
    await desk.ended()


async def test_a_rotation_that_is_broken_off_says_why_and_goes_on_later(desk: Desk) -> None:
    desk.world.nodes.follows = False
    await desk.desk.rotate(HEAD)
    broken = await desk.ended()
    assert (broken.state, broken.waiting) == ("rotating", 3)
    assert "late" in (broken.last_error or "")
    desk.world.nodes.follows = True
    await desk.desk.rotate(HEAD)
    assert (await desk.ended()).state == "settled"


async def test_a_desk_that_closes_breaks_the_rotation_off_where_it_is(desk: Desk) -> None:
    await desk.desk.rotate(HEAD)
    await desk.desk.close()
    assert await desk.world.unreadable(await desk.world.process()) == []


async def test_a_key_older_than_90_days_asks_to_be_rotated_where_it_seals_anything(desk: Desk) -> None:
    desk.world.clock.advance(90 * 86_400)
    assert not (await desk.desk.status(HEAD)).due
    assert desk.desk.notice() is None
    desk.world.clock.advance(1)
    assert (await desk.desk.status(HEAD)).due
    assert desk.desk.notice() == "In use for 90 days. Rotate it every 90."
    await desk.desk.rotate(HEAD)
    assert not (await desk.ended()).due
    assert desk.desk.notice() is None


async def test_only_heads_may_look_and_rotate(desk: Desk) -> None:
    for ask in (desk.desk.status, desk.desk.rotate):
        with pytest.raises(ForbiddenError):
            await ask(ANALYST)

"""A vault in memory with a node that follows it late, and rotations that end where a test wants them to."""

from collections.abc import Callable, Sequence
from datetime import datetime

from router_core.nodes.memory_register import MemoryNodeRegister
from router_core.security.vault import records
from router_core.security.vault.faults import UnreadableSecretError
from router_core.security.vault.master import MasterSecret
from router_core.security.vault.rotation import KeyRotation
from router_core.security.vault.steps import VaultParts
from router_core.security.vault.vault import Vault
from router_core.types import Node, Secret
from router_core.types.vault import RotatedSecret
from tests.support.fake_clock import FakeClock
from tests.support.vault_kinds import MASTER, NOW, VaultRig, place, sealed_row

__all__ = ["KilledError", "LateNodes", "VaultWorld", "stop_at", "vault_world"]


class KilledError(BaseException):
    """The process is gone."""


class LateNodes(MemoryNodeRegister):
    """One node with keys of its own, which looks at the store only at every third question about it."""

    def __init__(self, node: Vault, clock: FakeClock) -> None:
        super().__init__(clock)
        self.node = node
        self.follows = True
        self.revision = 1
        self._asked = 0

    async def nodes(self) -> tuple[Sequence[Node], datetime]:
        self._asked += 1
        if self.follows and self._asked % 3 == 0:
            await self.node.refresh()
            self.revision += 1
        now = self._clock.utcnow()
        told = Node(
            id="n", name="late", host="h", pid=1, kind="worker", started_at=now, seen_at=now, revision=self.revision,
            key_generation=self.node.record.generation, key_slot=self.node.opened.id,
        )  # fmt: skip
        return [told], now


class VaultWorld:
    """A store with secrets, the process that rotates, and a node beside it."""

    def __init__(self, rig: VaultRig, clock: FakeClock) -> None:
        self.rig = rig
        self.clock = clock
        self.secrets: dict[str, Secret] = {}
        self.masters: list[MasterSecret] = [MASTER]
        self.nodes: LateNodes

    async def process(self, secret: MasterSecret | None = None) -> Vault:
        """Return the keys of a process that has just begun, with the newest master key."""
        record = await self.rig.store.load()
        assert record is not None
        given = secret or self.masters[-1]

        def reopen(newer: object) -> records.OpenSlot:
            return records.open_slot(newer, secret or self.masters[-1])  # type: ignore[arg-type]

        return Vault(self.rig.store, record, records.open_slot(record, given), reopen, self.clock)

    async def parts(self) -> VaultParts:
        """Return what changes of keys by a new process work on."""
        return VaultParts(
            vault=await self.process(), store=self.rig.store, rows=self.rig.rows, nodes=self.nodes, clock=self.clock
        )

    async def enter(self, row_id: str, keys: Vault, text: str = "") -> None:
        """Have a secret sealed under ``keys`` and stored."""
        secret = Secret(text or f"sk-{row_id}-0123456789")
        at = place(row_id)
        await self.rig.put(sealed_row(at, keys.keys.seal(at, secret)))
        self.secrets[row_id] = secret

    async def rotate(self, on_step: Callable[[str], None] = lambda _: None) -> list[RotatedSecret]:
        """Rotate in a new process."""
        return await KeyRotation(await self.parts(), on_step).run()

    async def unreadable(self, keys: Vault) -> list[str]:
        """Return the rows that ``keys`` cannot open, or opens to something else."""
        wrong = []
        for row in await self.rig.rows.page(None, 10_000):
            try:
                found = await keys.read(row.place, row.sealed)
            except UnreadableSecretError:
                found = None
            if found != self.secrets[row.place.row_id]:
                wrong.append(row.place.row_id)
        return wrong


async def vault_world(rig: VaultRig, secrets: int = 3) -> VaultWorld:
    """Return a world with so many secrets."""
    await rig.begin()
    clock = FakeClock(start=NOW)
    world = VaultWorld(rig, clock)
    world.nodes = LateNodes(await world.process(), clock)
    for number in range(secrets):
        await world.enter(f"r{number}", world.nodes.node)
    return world


def stop_at(number: int) -> Callable[[str], None]:
    """Return what ends a process at the step of that number, from 0."""
    left = number

    def on_step(_: str) -> None:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1

    return on_step

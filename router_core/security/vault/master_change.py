"""Changing the master key: all keys are wrapped under the new one too, and both are good until every node has it."""

import asyncio
import contextlib
from collections.abc import Callable

from msgspec import structs

from router_core.clock import new_ulid
from router_core.security.vault import records
from router_core.security.vault.faults import MasterChangeOpenError, NodesBehindError, WrongMasterKeyError
from router_core.security.vault.master import MasterSecret
from router_core.security.vault.steps import OnStep, VaultParts, change_record, nodes_without, wait_for_nodes
from router_core.types import Node
from router_core.types.vault import MasterChangeReport, VaultRecord

__all__ = ["MasterChange"]


class MasterChange:
    """One change to the master key that ``secret`` makes. ``adopt`` puts it where processes of this machine look for
    theirs, where that can be done for them; ``on_step`` hears of each step, after it.
    """

    def __init__(
        self,
        parts: VaultParts,
        secret: MasterSecret,
        adopt: Callable[[], None] | None = None,
        on_step: OnStep = lambda _: None,
    ) -> None:
        self._parts = parts
        self._secret = secret
        self._adopt = adopt
        self._on_step = on_step

    async def run(self) -> MasterChangeReport:
        """Begin the change, or go on with it; it is finished once this process and every live node have the new key.

        Raises :class:`RotationRunningError`, and :class:`MasterChangeOpenError` while a change to another key is under
        way.
        """
        async with self._parts.store.hold():
            await self._parts.vault.refresh()
            slot = await self._slot()
            self._on_step("wrapped")
            if len(self._parts.vault.record.slots) == 1:
                return MasterChangeReport(finished=True)
            await self._take_over()
            return await self._finish(slot)

    async def _slot(self) -> str:
        """Return the slot of the new key, made unless it is there."""
        record = self._parts.vault.record
        try:
            return (await asyncio.to_thread(records.open_slot, record, self._secret)).id
        except WrongMasterKeyError:
            slot = new_ulid(self._parts.clock)
        await change_record(self._parts, lambda current: self._with_slot(current, slot))
        return slot

    def _with_slot(self, record: VaultRecord, slot: str) -> VaultRecord:
        if len(record.slots) != 1:
            raise MasterChangeOpenError("A change to another master key is not finished; run it again with that key")
        return records.with_slot(record, self._parts.vault.opened, self._secret, slot, self._parts.clock.utcnow())

    async def _take_over(self) -> None:
        if self._adopt is None:
            return
        self._adopt()
        self._on_step("adopted")
        # So that every process looks for its key once more.
        await change_record(self._parts, lambda record: structs.replace(record, generation=record.generation + 1))
        self._on_step("told")

    async def _finish(self, slot: str) -> MasterChangeReport:
        def has(node: Node) -> bool:
            return node.key_slot == slot

        if self._adopt is not None:
            with contextlib.suppress(NodesBehindError):
                await wait_for_nodes(self._parts, has)
        late = await nodes_without(self._parts, has)
        if late or self._parts.vault.opened.id != slot:
            return MasterChangeReport(finished=False, late=tuple(sorted(late)))
        await change_record(self._parts, lambda record: records.only_slot(record, slot))
        self._on_step("finished")
        return MasterChangeReport(finished=True)

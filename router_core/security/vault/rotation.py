"""Rotation to a new data key, while everybody goes on reading and writing secrets.

Each step leaves a state in which all secrets can be read by all nodes, so it may end at any of them, and goes on from
there when it is run again: a key is staged; once every node knows it, it is promoted; once every node seals under it,
what is sealed under older ones is sealed again, row by row; once nothing is left and no node holds anything older, the
older keys are retired.
"""

from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from router_core.errors import LLMError
from router_core.security.vault import records
from router_core.security.vault.faults import KeyInUseError, MasterChangeOpenError, UnreadableSecretError
from router_core.security.vault.steps import OnStep, VaultParts, change_record, wait_for_nodes
from router_core.types.vault import KeyState, RotatedSecret, SealedPlace, SealedRow, VaultRecord

__all__ = ["ROTATION_STEPS", "KeyRotation", "is_rotating"]

ROTATION_STEPS: Final = (
    "begin", "staged", "known", "promoted", "sealing", "opened a row", "swapped a row", "nothing left", "settled",
    "retired",
)  # fmt: skip
_PAGE: Final = 100
_QUIET_PASSES: Final = 2
_MOST_ROUNDS: Final = 3


def is_rotating(record: VaultRecord) -> bool:
    """Say whether ``record`` has keys that a rotation has not got to its end with."""
    return any(each.state in {"staged", "draining"} for each in record.keys)


@dataclass(slots=True)
class _Pass:
    moved: int = 0
    errors: list[LLMError] = field(default_factory=list)


class KeyRotation:
    """One rotation. ``on_step`` hears of each of ``ROTATION_STEPS``, after it."""

    def __init__(self, parts: VaultParts, on_step: OnStep = lambda _: None) -> None:
        self._parts = parts
        self._on_step = on_step

    async def run(self) -> list[RotatedSecret]:
        """Go on with a rotation that was begun, else make one; return what became of every secret.

        Raises :class:`RotationRunningError`, :class:`MasterChangeOpenError`, :class:`NodesBehindError`, and
        :class:`OverloadedError` for a store that fails.
        """
        async with self._parts.store.hold():
            return await self.run_held()

    async def run_held(self) -> list[RotatedSecret]:
        """Do what :meth:`run` does, for a caller that holds the lock."""
        await self._parts.vault.refresh()
        if self._versions("staged") or not (self._versions("draining") and await self._drain()):
            await self._stage()
            await self._promote()
            await self._drain()
        return await self._outcome()

    async def _stage(self) -> None:
        self._on_step("begin")
        if not self._versions("staged"):
            await change_record(self._parts, self._staged)
            self._on_step("staged")

    def _staged(self, record: VaultRecord) -> VaultRecord:
        if len(record.slots) != 1:
            raise MasterChangeOpenError("The master key is being changed; finish that first")
        return records.staged(record, self._parts.vault.opened, self._parts.clock.utcnow())

    async def _promote(self) -> None:
        await self._known_everywhere()
        self._on_step("known")
        now = self._parts.clock.utcnow()
        await change_record(self._parts, lambda record: records.promoted(record, now))
        self._on_step("promoted")

    async def _known_everywhere(self) -> None:
        generation = self._parts.vault.record.generation
        await wait_for_nodes(self._parts, lambda node: node.key_generation >= generation)

    async def _drain(self) -> bool:
        """Seal again what is under older keys and retire those; return whether there was anything to do."""
        await self._known_everywhere()
        self._on_step("sealing")
        moved = 0
        for _ in range(_MOST_ROUNDS):
            moved += await self._seal_all_again()
            self._on_step("nothing left")
            free = await self._free_versions()
            if not free:
                return moved > 0
            await self._forgotten_everywhere()
            self._on_step("settled")
            if await self._retire(free):
                self._on_step("retired")
                break
        return True

    async def _forgotten_everywhere(self) -> None:
        """Wait until no node holds what was sealed under older keys."""
        revision = await self._parts.rows.settle()
        await wait_for_nodes(self._parts, lambda node: node.revision >= revision)

    async def _retire(self, free: set[int]) -> bool:
        """Retire ``free`` versions; return False when something is under one after all, by one who is no node."""
        now = self._parts.clock.utcnow()
        try:
            await change_record(self._parts, lambda record: records.retired(record, free, now))
        except KeyInUseError:
            return False
        return True

    async def _free_versions(self) -> set[int]:
        used = await self._parts.rows.counts()
        return {version for version in self._versions("draining") if not used.get(version)}

    async def _seal_all_again(self) -> int:
        """Go over all rows until two passes in a row found nothing that could be sealed again; return how many were."""
        moved = quiet = 0
        while quiet < _QUIET_PASSES:
            done = await self._pass()
            if done.errors and not done.moved:
                raise done.errors[-1]
            moved += done.moved
            quiet = 0 if done.moved or done.errors else quiet + 1
        return moved

    async def _pass(self) -> _Pass:
        done, after = _Pass(), None
        primary = self._parts.vault.keys.ring.primary.version
        while page := await self._parts.rows.page(after, _PAGE, other_than=primary):
            for row in page:
                try:
                    done.moved += await self._seal_again(row, primary)
                except UnreadableSecretError:
                    continue
                except LLMError as error:
                    done.errors.append(error)
            after = page[-1].place
        return done

    async def _seal_again(self, row: SealedRow, primary: int) -> bool:
        secret = await self._parts.vault.read(row.place, row.sealed)
        self._on_step("opened a row")
        sealed = self._parts.vault.keys.seal(row.place, secret)
        moved = await self._parts.rows.swap(row, structs.replace(row, sealed=sealed, version=primary))
        self._on_step("swapped a row")
        return moved

    async def _outcome(self) -> list[RotatedSecret]:
        primary = self._parts.vault.keys.ring.primary.version
        found: list[RotatedSecret] = []
        after: SealedPlace | None = None
        while page := await self._parts.rows.page(after, _PAGE):
            found += [
                RotatedSecret(provider_id=row.owner, status="rotated" if row.version == primary else "unreadable")
                for row in page
            ]
            after = page[-1].place
        return found

    def _versions(self, state: KeyState) -> set[int]:
        return {each.version for each in self._parts.vault.record.keys if each.state == state}

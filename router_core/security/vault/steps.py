"""What changes of keys have in common: one step of the record at a time, and patience with the nodes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from router_core.clock import Clock
from router_core.errors import ConflictError
from router_core.ports import NodeRegister, SealedRows, VaultStore
from router_core.security.vault.faults import NodesBehindError
from router_core.security.vault.vault import Vault
from router_core.types import LOST_AFTER, Node
from router_core.types.vault import VaultRecord

__all__ = ["OnStep", "VaultParts", "change_record", "nodes_without", "wait_for_nodes"]

OnStep = Callable[[str], None]
PATIENCE_S: Final = 30.0
_ASK_EVERY_S: Final = 0.25
_MOST_TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultParts:
    """What changes of keys work on: the keys of this process, those of the store, what is sealed, and who serves."""

    vault: Vault
    store: VaultStore
    rows: SealedRows
    nodes: NodeRegister
    clock: Clock


async def change_record(parts: VaultParts, step: Callable[[VaultRecord], VaultRecord]) -> VaultRecord:
    """Make the record's next one by ``step``, on top of whatever it is by now, and take up its keys.

    Raises :class:`ConflictError` when others keep changing it.
    """
    for _ in range(_MOST_TRIES):
        record = await parts.store.load()
        if record is not None and await parts.store.change(changed := step(record)):
            await parts.vault.refresh()
            return changed
    raise ConflictError("Others are changing the keys")


async def nodes_without(parts: VaultParts, has: Callable[[Node], bool]) -> list[str]:
    """Return the names of the live nodes that have not."""
    nodes, now = await parts.nodes.nodes()
    return [each.name for each in nodes if now - each.seen_at <= LOST_AFTER and not has(each)]


async def wait_for_nodes(parts: VaultParts, has: Callable[[Node], bool]) -> None:
    """Wait until every live node has. Raises :class:`NodesBehindError` after 30 s."""
    end = parts.clock.now() + PATIENCE_S
    while late := await nodes_without(parts, has):
        if parts.clock.now() >= end:
            raise NodesBehindError(f"These nodes do not follow the keys: {', '.join(sorted(late))}. Run it again later")
        await parts.clock.sleep(_ASK_EVERY_S)

"""The register of nodes, in memory: for a process without a database."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from router_core.clock import Clock
from router_core.ports import NODES_KEPT
from router_core.ports.keeping import as_kept
from router_core.types import LOST_AFTER, Node

__all__ = ["MemoryNodeRegister"]


class MemoryNodeRegister:
    """Keeps nodes by id; a :class:`NodeRegister`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._nodes: dict[str, Node] = {}

    async def beat(self, node: Node) -> int:
        """Note a sign of life; return how many nodes live."""
        now = self._clock.utcnow()
        self._nodes[node.id] = as_kept(structs.replace(node, seen_at=now))
        self._nodes = {each.id: each for each in self._nodes.values() if each.seen_at >= now - NODES_KEPT}
        return sum(each.seen_at >= now - LOST_AFTER for each in self._nodes.values())

    async def leave(self, node_id: str) -> None:
        """Forget a node."""
        self._nodes.pop(node_id, None)

    async def nodes(self) -> tuple[Sequence[Node], datetime]:
        """Return all nodes by name and start, and the time."""
        found = sorted(self._nodes.values(), key=lambda each: (each.name, each.started_at, each.id))
        return found, self._clock.utcnow()

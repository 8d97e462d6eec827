"""What people see of the processes that serve."""

from collections.abc import Sequence
from datetime import datetime

from router_core.ports import NodeRegister
from router_core.security.permissions import require
from router_core.types import LOST_AFTER, Node, NodeState, NodeView, Principal

__all__ = ["NodeDesk", "node_views"]


class NodeDesk:
    """Tells of nodes; ``own_name`` is that of this process.

    Raises :class:`ForbiddenError` when ``person``'s role does not allow it.
    """

    def __init__(self, register: NodeRegister, own_name: str = "") -> None:
        self._register = register
        self.own_name = own_name

    async def nodes(self, person: Principal) -> Sequence[NodeView]:
        """Return every node, lost ones of the last hour included, by name. Raises :class:`OverloadedError`."""
        require(person, "health.read")
        return await self.seen()

    async def seen(self) -> Sequence[NodeView]:
        """Return what :meth:`nodes` does, for what shows figures alone."""
        return node_views(*await self._register.nodes())


def node_views(nodes: Sequence[Node], now: datetime) -> list[NodeView]:
    """Return how ``nodes`` stand at ``now``, a lost one only compared with those alive."""
    alive = [each for each in nodes if now - each.seen_at <= LOST_AFTER]
    newest = max((each.revision for each in alive), default=0)
    names = {each.name for each in alive}
    versions = {_versions(each) for each in alive}
    return [
        NodeView(
            node=each,
            state=_state(each, now),
            silent_s=max(0.0, round((now - each.seen_at).total_seconds(), 1)),
            behind=each.revision < newest,
            differs=bool(versions - {_versions(each)}),
            replaced=_state(each, now) == "lost" and each.name in names,
        )
        for each in nodes
    ]


def _state(node: Node, now: datetime) -> NodeState:
    if now - node.seen_at > LOST_AFTER:
        return "lost"
    return "draining" if node.draining else "serving"


def _versions(node: Node) -> tuple[str, str, str]:
    return node.version, node.python, node.schema

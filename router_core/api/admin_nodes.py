"""``/api/admin/nodes``: the processes that serve from this store."""

from msgspec import Struct

from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.types import NodeView

__all__ = ["NodeList", "list_nodes"]


class NodeList(Struct, frozen=True):
    """Every node by name, lost ones of the last hour included."""

    nodes: list[NodeView]


async def list_nodes(call: Call) -> None:
    """Answer with every node."""
    read_query(call, {})
    await call.answer(NodeList(list(await call.deps.nodes.nodes(call.principal))))

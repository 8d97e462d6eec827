"""The register of the processes that serve from one store."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from router_core.types import Node

__all__ = ["NODES_KEPT", "NodeRegister"]

NODES_KEPT: Final = timedelta(hours=1)
"""How long a lost node is remembered."""


class NodeRegister(Protocol):
    """Keeps who serves. Its clock is one for all nodes, so that those with wrong clocks are judged alike."""

    async def beat(self, node: Node) -> int:
        """Note a sign of life of ``node``, seen now; forget nodes that are lost for an hour.

        Return how many nodes live, this one included.
        """
        ...

    async def leave(self, node_id: str) -> None:
        """Forget a node that ends; an unknown one is ignored."""
        ...

    async def nodes(self) -> tuple[Sequence[Node], datetime]:
        """Return all nodes by name and start, and the register's time."""
        ...

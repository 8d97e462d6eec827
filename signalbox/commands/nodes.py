"""``signalbox nodes``: the processes that serve from the store."""

from pathlib import Path
from typing import Any

from router_core.admin.nodes import NodeDesk
from router_core.types import NodeView
from signalbox.commands.output import print_json
from signalbox.commands.store_desk import COMMAND, at_desk, print_rows

__all__ = ["list_nodes"]


def list_nodes(data_dir: Path | None, *, as_json: bool) -> None:
    """Print every node, lost ones of the last hour included."""
    found = at_desk(data_dir, lambda desk: NodeDesk(desk.store.nodes).nodes(COMMAND))
    if as_json:
        print_json(found)
    else:
        print_rows([_row(each) for each in found], as_json=False)


def _row(view: NodeView) -> dict[str, Any]:
    node = view.node
    return {
        "name": node.name,
        "state": "replaced" if view.replaced else view.state,
        "seen": f"{view.silent_s:.0f} s ago",
        "revision": f"{node.revision}{' (behind)' if view.behind else ''}",
        "requests": node.in_flight,
        "backlog": node.pending,
        "limits": node.limits,
        "version": f"{node.version}{' (differs)' if view.differs else ''}",
    }

"""The processes that serve: which there are, what each runs, and how busy it is."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from console.format import DASH, count, literal, prose, span
from console.identity import Visitor
from console.status import Colour
from router_core.errors import LLMError
from router_core.types import NodeState, NodeView

__all__ = ["draw_nodes", "node_rows"]

_STATES: Final[dict[NodeState, tuple[str, Colour]]] = {
    "serving": ("Serving", "green"),
    "draining": ("Draining", "orange"),
    "lost": ("Lost", "red"),
}
_REPLACED: Final = "Replaced"
_LIMITS: Final = {"local": "This process", "divided": "Divided", "redis": "Redis"}
_REDIS: Final = {"off": DASH, "up": "Connected", "down": "Away"}
_COLOURS: Final[dict[str, Colour]] = {
    **dict(_STATES.values()), _REPLACED: "gray", "Newest": "green", "Behind": "orange", "Differs": "orange",
}  # fmt: skip
Row = dict[str, Any]


def draw_nodes(visitor: Visitor) -> None:
    """Draw the table of nodes; a store that does not answer leaves a line that says so."""
    st.subheader("Nodes", anchor=False)
    try:
        found = visitor.stage.bridge.call(visitor.stage.backend.nodes(visitor.person))
    except LLMError as error:
        st.caption(f"The register of nodes cannot be read now: {prose(error.message)}")
        return
    if not found:
        st.caption("No process has told of itself yet.")
        return
    st.caption(_summary(found))
    rows = node_rows(found)
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= 10 else 390,
        column_config={
            name: st.column_config.MultiselectColumn(options=list(_COLOURS), color=list(_COLOURS.values()))
            for name in ("State", "Configuration", "Version")
        },
        key="health_nodes",
        alt="The processes that serve, by name: state, configuration, load, backlog, limits, version",
    )


def node_rows(nodes: Sequence[NodeView]) -> list[Row]:
    """Return one row for each node, those that need a look first."""
    return [_row(each) for each in sorted(nodes, key=_calm)]


def _calm(view: NodeView) -> tuple[bool, bool, str]:
    needs_look = (view.state == "lost" and not view.replaced) or view.behind or view.differs
    return not needs_look, view.state == "lost", view.node.name


def _row(view: NodeView) -> Row:
    node, is_lost = view.node, view.state == "lost"
    return {
        "Node": node.name,
        "State": [_REPLACED if view.replaced else _STATES[view.state][0]],
        "Seen": f"{span(view.silent_s)} ago" if is_lost else "now",
        "Configuration": [f"{node.revision}", *([] if is_lost else ["Behind" if view.behind else "Newest"])],
        "Requests": DASH if is_lost else count(node.in_flight),
        "Streams": DASH if is_lost else count(node.streams),
        "Backlog": count(node.pending),
        "Loop lag": DASH if is_lost else f"{node.loop_lag_ms} ms",
        "Store": DASH if is_lost else f"{node.store_ms} ms",
        "Limits": _LIMITS[node.limits],
        "Redis": _REDIS[node.redis],
        "Version": [node.version, *(["Differs"] if view.differs and not is_lost else [])],
        "Python": node.python,
        "Schema": node.schema,
        "Process": str(node.pid),
    }


def _summary(nodes: Sequence[NodeView]) -> str:
    alive = [each for each in nodes if each.state != "lost"]
    lost = [each for each in nodes if each.state == "lost" and not each.replaced]
    words = f"{count(len(alive))} {'process serves' if len(alive) == 1 else 'processes serve'} from this store"
    behind = sum(each.behind for each in alive)
    parts = [words]
    if behind:
        parts.append(f"{behind} behind in the configuration")
    if any(each.differs for each in alive):
        parts.append("they run different versions")
    if lost:
        parts.append(f"lost: {', '.join(literal(each.node.name) for each in lost)}")
    return " · ".join(parts)

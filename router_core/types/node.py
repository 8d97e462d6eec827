"""The processes that serve from one store, as each tells of itself."""

from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

__all__ = ["LOST_AFTER", "LinkWord", "Node", "NodeKind", "NodeLimits", "NodeState", "NodeView"]

NodeKind = Literal["up", "worker"]
NodeLimits = Literal["local", "divided", "redis"]
NodeState = Literal["serving", "draining", "lost"]
LinkWord = Literal["off", "up", "down"]

LOST_AFTER: Final = timedelta(seconds=5)
"""How long after its last sign of life a node counts as lost."""


class Node(Struct, frozen=True, kw_only=True, rename="camel"):
    """One process: who it is, what it runs, and its load when it was seen last, by the register's clock.

    ``name`` is the host with the port, for a worker with its number. ``kind`` is ``up`` for console and API together,
    ``worker`` for a process of ``serve``. ``pending`` events of ``pending_bytes`` wait in its journal, the oldest for
    ``lag_ms``; ``set_aside`` and ``dropped`` count events that the store never took. ``loop_lag_ms`` is how late its
    event loop answers, ``store_ms`` how long the store took for the last sign of life. ``limits`` says where its rate
    limits are counted. ``key_generation`` is that of the keys it seals and opens with, ``key_slot`` the master key that
    it opened them with.
    """

    id: str
    name: str
    host: str
    pid: int
    kind: NodeKind
    started_at: datetime
    seen_at: datetime
    revision: int
    in_flight: int = 0
    streams: int = 0
    pending: int = 0
    pending_bytes: int = 0
    lag_ms: int = 0
    set_aside: int = 0
    dropped: int = 0
    loop_lag_ms: int = 0
    store_ms: int = 0
    version: str = ""
    python: str = ""
    schema: str = ""
    draining: bool = False
    limits: NodeLimits = "local"
    redis: LinkWord = "off"
    key_generation: int = 0
    key_slot: str = ""


class NodeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A node as people see it: ``silent_s`` seconds after its last sign of life; ``behind`` when another serves a newer
    configuration, ``differs`` when another runs other versions, ``replaced`` for a lost one under whose name another
    lives.
    """

    node: Node
    state: NodeState
    silent_s: float
    behind: bool
    differs: bool
    replaced: bool

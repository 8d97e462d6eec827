"""This process among those that serve from one store: where it stands, and its sign of life."""

import os
import platform
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib import metadata
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from db.migrate import head
from router_core.nodes.heartbeat import Heartbeat, NodeCount
from router_core.types import LinkWord, Node, NodeKind, NodeLimits
from signalbox.tasks import background

if TYPE_CHECKING:
    from signalbox.bootstrap import Runtime
    from signalbox.ground import Ground

__all__ = ["NOWHERE", "Place", "join_nodes", "place_of_port", "place_of_worker"]


class Place(Struct, frozen=True, kw_only=True):
    """Where a process stands. ``siblings`` processes were started together; ``divides``: they divide the rate limits.

    A process without a ``name`` serves nobody, and nobody hears of it.
    """

    name: str = ""
    kind: NodeKind = "up"
    siblings: int = 1
    divides: bool = False

    def count(self) -> NodeCount:
        """Return what counts the processes that share rate limits with this one."""
        return NodeCount(self.siblings)


NOWHERE: Final = Place()
"""The place of a command, which serves nobody."""


def place_of_port(port: int | None) -> Place:
    """Return the place of a process that serves console and API; ``port`` is None where it is not known."""
    return Place(name=_address(port))


def place_of_worker(port: int, slot: int, workers: int, *, divides: bool) -> Place:
    """Return the place of one of ``workers`` processes on a port."""
    return Place(name=f"{_address(port)}/{slot}", kind="worker", siblings=workers, divides=divides)


async def join_nodes(runtime: "Runtime", ground: "Ground", stack: AsyncExitStack) -> None:
    """Be listed among the nodes from now on; ``stack`` ends that. A process that serves nobody does not join."""
    if not ground.place.name:
        return
    heartbeat = Heartbeat(ground.store.nodes, _description(runtime, ground), ground.nodes, ground.clock)
    await heartbeat.beat()
    # From now on rotations of keys wait for this process; what they did until now it must know.
    await ground.vault.refresh()
    stack.push_async_callback(heartbeat.leave)
    background(stack, heartbeat.run())


def _description(runtime: "Runtime", ground: "Ground") -> Callable[[], Node]:
    host, started = socket.gethostname(), ground.clock.utcnow()
    version, python, schema = metadata.version("signalbox"), platform.python_version(), head()

    def describe() -> Node:
        stats = runtime.recording.stats()
        return Node(
            id=ground.node,
            name=ground.place.name,
            host=host,
            pid=os.getpid(),
            kind=ground.place.kind,
            started_at=started,
            seen_at=started,
            revision=runtime.config.snapshot().revision,
            in_flight=runtime.router.in_flight,
            streams=runtime.router.streams,
            pending=stats.pending,
            pending_bytes=stats.pending_bytes,
            lag_ms=round(stats.lag_s * 1000),
            set_aside=stats.failed,
            dropped=stats.dropped,
            loop_lag_ms=max(0, round(runtime.desk.loop_watch.lag * 1000)),
            version=version,
            python=python,
            schema=schema,
            draining=runtime.readiness.is_draining(),
            limits=_limits(ground),
            redis=_redis(ground),
            key_generation=ground.vault.record.generation,
            key_slot=ground.vault.opened.id,
        )

    return describe


def _limits(ground: "Ground") -> NodeLimits:
    if ground.redis is not None:
        return "redis" if ground.redis.up else "divided"
    return "divided" if ground.place.divides else "local"


def _redis(ground: "Ground") -> LinkWord:
    if ground.redis is None:
        return "off"
    return "up" if ground.redis.up else "down"


def _address(port: int | None) -> str:
    host = socket.gethostname()
    return host if port is None else f"{host}:{port}"

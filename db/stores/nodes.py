"""The register of nodes, on SQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.node_models import ServingNode
from db.upserts import insert_into
from router_core.clock import Clock
from router_core.ports import NODES_KEPT
from router_core.types import LOST_AFTER, Node

__all__ = ["SqlNodeRegister"]

_ASK_AGAIN_S: Final = 6 * 3600.0


class SqlNodeRegister:
    """Keeps nodes by the store's clock: PostgreSQL's own, on SQLite that of the machine; a :class:`NodeRegister`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock
        self._told: tuple[datetime, float] | None = None

    async def beat(self, node: Node) -> int:
        """Note a sign of life; return how many nodes live."""
        return await self._hop.write(lambda session: _beat(session, node, self._now(session)))

    async def leave(self, node_id: str) -> None:
        """Forget a node."""
        await self._hop.write(lambda session: session.execute(delete(ServingNode).where(ServingNode.id == node_id)))

    async def nodes(self) -> tuple[Sequence[Node], datetime]:
        """Return all nodes by name and start, and the store's time."""
        query = select(ServingNode).order_by(ServingNode.name, ServingNode.started_at, ServingNode.id)

        def work(session: Session) -> tuple[Sequence[Node], datetime]:
            return [_record(row) for row in session.scalars(query)], self._now(session)

        return await self._hop.read(work)

    def _now(self, session: Session) -> datetime:
        """Return the store's time: asked now and then, and counted on by the steady clock, which nobody sets."""
        if session.get_bind().dialect.name != "postgresql":
            return self._clock.utcnow()
        if self._told is None or self._clock.now() - self._told[1] > _ASK_AGAIN_S:
            told: datetime = session.scalars(select(func.clock_timestamp())).one()
            self._told = told, self._clock.now()
        return self._told[0] + timedelta(seconds=self._clock.now() - self._told[1])


def _beat(session: Session, node: Node, now: datetime) -> int:
    values = {**structs.asdict(node), "seen_at": now}
    statement = insert_into(session, ServingNode.__table__).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    # Rows that another process is removing are its own.
    gone = select(ServingNode.id).where(ServingNode.seen_at < now - NODES_KEPT).with_for_update(skip_locked=True)
    session.execute(delete(ServingNode).where(ServingNode.id.in_(gone)))
    alive = select(func.count()).select_from(ServingNode).where(ServingNode.seen_at >= now - LOST_AFTER)
    return session.scalars(alive).one()


def _record(row: ServingNode) -> Node:
    return Node(**{name: getattr(row, name) for name in Node.__struct_fields__})

"""Tokens of tool servers on SQL: part of the configuration, loaded with every revision, but of no version."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import structs
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.stores.revisions import next_revision
from db.tool_models import ToolTokenRow
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept
from router_core.types import SealedSecret, ToolToken

__all__ = ["SqlToolTokens", "load_tool_tokens"]

_SECRET = SealedSecret.__struct_fields__
_OWN = tuple(name for name in ToolToken.__struct_fields__ if name != "secret")


class SqlToolTokens:
    """Keeps tokens; a :class:`ToolTokenStore`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def put_token(self, token: ToolToken) -> int:
        """Store ``token`` in the place of the one that its server has; return the new revision."""
        as_kept(token)
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            session.execute(delete(ToolTokenRow).where(ToolTokenRow.server == token.server))
            own = {name: getattr(token, name) for name in _OWN}
            session.add(ToolTokenRow(**own, **structs.asdict(token.secret)))
            return revision

        return await self._hop.write(work)

    async def remove_token(self, server: str) -> int:
        """Forget a server's token for good; return the new revision. Raises :class:`NotFoundError`."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            found = session.execute(delete(ToolTokenRow).where(ToolTokenRow.server == server))
            if not found.rowcount:  # type: ignore[attr-defined]
                raise NotFoundError("The server has no token")
            return revision

        return await self._hop.write(work)


def load_tool_tokens(session: Session) -> Mapping[str, ToolToken]:
    """Return every token by its server's name."""
    found = {}
    for row in session.scalars(select(ToolTokenRow)):
        secret = SealedSecret(**{name: getattr(row, name) for name in _SECRET})
        found[row.server] = ToolToken(**{name: getattr(row, name) for name in _OWN}, secret=secret)
    return MappingProxyType(found)

"""What was purged out of the cache of answers, on SQL: part of what every process follows, but of no version."""

from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import Account, CachePurge
from db.stores.lookups import require_known
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.ports.keeping import refuse
from router_core.types import CacheMarks
from router_core.types.use_case import is_use_case_name

__all__ = ["SqlCachePurges", "load_marks"]


class SqlCachePurges:
    """Counts purges; a :class:`CachePurges`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def purge(self, account_id: str | None, use_case: str | None) -> int:
        """Put what is kept of an account and a use case, None for any, out of reach; return the new revision.

        Raises :class:`ValidationError` for an account that does not exist and a name that no use case has.
        """
        refuse(use_case is not None and not is_use_case_name(use_case), "use_case", "is not allowed")
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            if account_id is not None:
                require_known(session, Account.id, [account_id], field="account_id")
            part = (account_id or "", use_case or "")
            row = session.get(CachePurge, part)
            if row is None:
                session.add(CachePurge(account_id=part[0], use_case=part[1], number=1, at=now))
            else:
                row.number, row.at = row.number + 1, now
            return revision

        return await self._hop.write(work)


def load_marks(session: Session) -> CacheMarks:
    """Return how often each part was purged."""
    rows = session.execute(select(CachePurge.account_id, CachePurge.use_case, CachePurge.number))
    return MappingProxyType({(account_id, use_case): number for account_id, use_case, number in rows})

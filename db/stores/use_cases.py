"""How use cases want to be served, on SQL."""

import logging
from types import MappingProxyType

from msgspec import DecodeError, json, to_builtins
from sqlalchemy import Text, cast, delete, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import StoredPolicy
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.ports.keeping import refuse
from router_core.types import UseCasePolicy
from router_core.types.use_case import is_use_case_name

__all__ = ["SqlUseCaseStore", "load_policies"]

_log = logging.getLogger(__name__)


class SqlUseCaseStore:
    """Keeps policies of use cases; a :class:`UseCaseStore`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def put_policy(self, use_case: str, policy: UseCasePolicy | None) -> int:
        """Set the policy of ``use_case``, or with None go back to the default; return the new revision.

        Raises :class:`ValidationError` for a name that no request could carry.
        """
        refuse(not is_use_case_name(use_case), "use_case", "is not allowed")
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            if policy is None:
                session.execute(delete(StoredPolicy).where(StoredPolicy.use_case == use_case))
            else:
                session.merge(StoredPolicy(use_case=use_case, policy=to_builtins(policy)))
            return revision

        return await self._hop.write(work)


def load_policies(session: Session) -> MappingProxyType[str, UseCasePolicy]:
    """Return the stored policies; one that cannot be read is left out with a warning, and its use case is plain."""
    # As text: SQLite lets any text into a JSON column, and one bad row would make all of them unreadable.
    rows = session.execute(select(StoredPolicy.use_case, cast(StoredPolicy.policy, Text)))
    policies = {}
    for use_case, text in rows:
        try:
            policies[use_case] = json.decode(text, type=UseCasePolicy)
        except DecodeError as error:
            _log.warning("the stored policy of use case %r is left out, it cannot be read: %s", use_case, error)
    return MappingProxyType(policies)

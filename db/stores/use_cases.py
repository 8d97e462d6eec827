"""How use cases want to be served, on SQL."""

from msgspec import to_builtins
from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import StoredPolicy
from db.stores.config_history import note_version, refuse_overtaken
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.ports.keeping import refuse
from router_core.types import NOBODY, Authorship, UseCasePolicy
from router_core.types.use_case import is_use_case_name

__all__ = ["SqlUseCaseStore"]


class SqlUseCaseStore:
    """Keeps policies of use cases; a :class:`UseCaseStore`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def put_policy(
        self, use_case: str, policy: UseCasePolicy | None, by: Authorship = NOBODY, base: int | None = None
    ) -> int:
        """Set the policy of ``use_case``, or with None go back to the default; return the new revision.

        Raises :class:`ValidationError` for a name that no request could carry, :class:`ConflictError` when a version
        newer than ``base`` is in force.
        """
        refuse(not is_use_case_name(use_case), "use_case", "is not allowed")
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            refuse_overtaken(session, base)
            if policy is None:
                session.execute(delete(StoredPolicy).where(StoredPolicy.use_case == use_case))
            else:
                session.merge(StoredPolicy(use_case=use_case, policy=to_builtins(policy)))
            note_version(session, revision, now, by)
            return revision

        return await self._hop.write(work)

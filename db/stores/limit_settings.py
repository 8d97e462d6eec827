"""Rate limits on SQL: part of the configuration, loaded with every revision."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.hop import StoreHop
from db.limit_models import LimitResetRow, RateLimitRow
from db.models import Account, ApiKey, LlmProvider
from db.stores.lookups import require_known
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports.keeping import refuse, refuse_rate
from router_core.types import DefaultLimit, Limit, LimitBook, LimitScope
from router_core.types.use_case import is_use_case_name

__all__ = ["SqlLimitSettings", "load_limits"]

_FIGURES = ("requests_per_second", "burst", "tokens_per_minute", "concurrency")


class SqlLimitSettings:
    """Keeps rate limits; a :class:`LimitSettings`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def put_limit(self, limit: Limit) -> int:
        """Set a limit, in the place of the one of that scope and target; return the new revision.

        Raises :class:`ValidationError` for a target that does not exist and a value that is not allowed.
        """
        refuse_rate(limit)
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            _require_target(session, limit)
            row = session.get(RateLimitRow, (limit.scope, limit.target))
            if row is None:
                row = RateLimitRow(scope=limit.scope, target=limit.target, version=1)
                session.add(row)
            else:
                row.version += 1
            for name in _FIGURES:
                setattr(row, name, getattr(limit, name))
            row.updated_at = now
            return revision

        return await self._hop.write(work)

    async def check_limit(self, limit: Limit) -> None:
        """Change nothing; raise what :meth:`put_limit` would raise."""
        refuse_rate(limit)
        await self._hop.read(lambda session: _require_target(session, limit))

    async def drop_limit(self, scope: LimitScope, target: str) -> int:
        """Remove a limit; return the new revision. Raises :class:`NotFoundError` when there is none such."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            row = session.get(RateLimitRow, (scope, target))
            if row is None:
                raise NotFoundError("There is no such limit")
            session.delete(row)
            return revision

        return await self._hop.write(work)

    async def reset_limit(self, scope: LimitScope, target: str) -> int:
        """Have the buckets of a target begin anew, full, wherever they are kept; return the new revision."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            row = session.get(LimitResetRow, (scope, target))
            if row is None:
                session.add(LimitResetRow(scope=scope, target=target, number=1, at=now))
            else:
                row.number, row.at = row.number + 1, now
            return revision

        return await self._hop.write(work)


def load_limits(session: Session, default: DefaultLimit | None) -> LimitBook:
    """Return all limits; ``default`` holds for accounts without one of their own."""
    rows = session.scalars(select(RateLimitRow).order_by(RateLimitRow.scope, RateLimitRow.target))
    resets = session.execute(select(LimitResetRow.scope, LimitResetRow.target, LimitResetRow.number))
    return LimitBook(
        [_limit(row) for row in rows],
        default=default,
        resets={(cast("LimitScope", scope), target): number for scope, target, number in resets},
    )


def _require_target(session: Session, limit: Limit) -> None:
    columns: Mapping[str, InstrumentedAttribute[Any]] = {
        "account": Account.id, "key": ApiKey.id, "provider": LlmProvider.name,
    }  # fmt: skip
    if limit.scope in columns:
        require_known(session, columns[limit.scope], [limit.target], field="target")
    else:
        refuse(not is_use_case_name(limit.target), "target", "is no name of a use case")


def _limit(row: RateLimitRow) -> Limit:
    return Limit(
        scope=cast("LimitScope", row.scope),
        target=row.target,
        requests_per_second=row.requests_per_second,
        burst=row.burst,
        tokens_per_minute=row.tokens_per_minute,
        concurrency=row.concurrency,
        version=row.version,
    )

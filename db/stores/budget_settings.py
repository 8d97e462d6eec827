"""Limits on money on SQL: part of the configuration, loaded with every revision."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from msgspec import structs
from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.budget_models import BudgetRow
from db.hop import StoreHop
from db.models import Account, ApiKey, LlmProvider
from db.stores.budget_past import count_past
from db.stores.lookups import require_known
from db.stores.revisions import next_revision
from db.stores.topups import load_topups
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports.keeping import refuse, refuse_limit
from router_core.types import (
    Budget,
    BudgetBook,
    BudgetMode,
    BudgetPeriod,
    BudgetScope,
    DefaultBudgets,
)
from router_core.types.use_case import is_use_case_name

__all__ = ["SqlBudgetSettings", "load_budgets"]


class SqlBudgetSettings:
    """Keeps limits; a :class:`BudgetSettings`. What belongs to no account is in the calendar of ``timezone``."""

    def __init__(self, hop: StoreHop, clock: Clock, timezone: str = "UTC") -> None:
        self._hop = hop
        self._clock = clock
        self._timezone = timezone

    async def put_budget(self, budget: Budget) -> int:
        """Set a limit: a new one, or the one of that scope, target, period and mode; return the new revision.

        It counts what its period cost before. Raises :class:`ValidationError` for a target that does not
        exist and a value that is not allowed.
        """
        refuse_limit(budget)
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: _put(session, budget, self._timezone, now))

    async def check_budget(self, budget: Budget) -> None:
        """Change nothing; raise what :meth:`put_budget` would raise."""
        refuse_limit(budget)
        await self._hop.read(lambda session: _require_target(session, budget))

    async def drop_budget(self, budget_id: str) -> int:
        """Remove a limit; return the new revision. Raises :class:`NotFoundError` when there is none such."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            if session.get(BudgetRow, budget_id) is None:
                raise NotFoundError("There is no such budget")
            session.execute(delete(BudgetRow).where(BudgetRow.id == budget_id))
            return revision

        return await self._hop.write(work)


def load_budgets(session: Session, defaults: DefaultBudgets, now: datetime) -> BudgetBook:
    """Return all limits, each in the calendar of the account that it belongs to, and top-ups that are not over."""
    differing = select(Account.id, Account.timezone).where(Account.timezone != defaults.timezone)
    zones = {id: zone for id, zone in session.execute(differing)}  # noqa: C416 - rows are no pairs to mypy
    rows = session.scalars(select(BudgetRow).order_by(BudgetRow.id)).all()
    keys = [row.target for row in rows if row.scope == "key"]
    owned = select(ApiKey.id, ApiKey.account_id).where(ApiKey.id.in_(keys))
    owners = {id: owner for id, owner in session.execute(owned)}  # noqa: C416
    budgets = (_budget(row, owners, zones, defaults) for row in rows)
    return BudgetBook(budgets, defaults=defaults, zones=zones, topups=load_topups(session, now))


def _put(session: Session, budget: Budget, timezone: str, now: datetime) -> int:
    revision = next_revision(session, now)
    _require_target(session, budget)
    place = {"scope": budget.scope, "target": budget.target, "period": budget.period, "mode": budget.mode}
    row = session.scalars(select(BudgetRow).filter_by(**place)).one_or_none()
    again = row is not None
    if row is None:
        row = BudgetRow(id=budget.id, **place, version=1)
        session.add(row)
    else:
        row.version += 1
    row.amount = budget.limit
    row.thresholds = tuple(str(each) for each in sorted(set(budget.thresholds)))
    row.updated_at = now
    count_past(session, structs.replace(budget, timezone=_zone(session, budget) or timezone), now, again=again)
    return revision


def _zone(session: Session, budget: Budget) -> str | None:
    """Return the calendar of the account that a key belongs to, None for other scopes."""
    if budget.scope != "key":
        return None
    return session.scalar(select(Account.timezone).join(ApiKey).where(ApiKey.id == budget.target))


def _require_target(session: Session, budget: Budget) -> None:
    columns: Mapping[str, InstrumentedAttribute[Any]] = {
        "account": Account.id, "key": ApiKey.id, "provider": LlmProvider.name,
    }  # fmt: skip
    if budget.scope in columns:
        require_known(session, columns[budget.scope], [budget.target], field="target")
    elif budget.scope == "use_case":
        refuse(not is_use_case_name(budget.target), "target", "is no name of a use case")
    else:
        refuse(budget.target != "", "target", "is not allowed")


def _budget(row: BudgetRow, owners: Mapping[str, str], zones: Mapping[str, str], defaults: DefaultBudgets) -> Budget:
    owner = row.target if row.scope == "account" else owners.get(row.target, "") if row.scope == "key" else ""
    return Budget(
        id=row.id,
        scope=cast("BudgetScope", row.scope),
        target=row.target,
        period=cast("BudgetPeriod", row.period),
        mode=cast("BudgetMode", row.mode),
        limit=row.amount,
        timezone=zones.get(owner, defaults.timezone),
        thresholds=tuple(int(each) for each in row.thresholds),
        version=row.version,
    )

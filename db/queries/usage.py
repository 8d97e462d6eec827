"""Usage of models and names by the hour: sums of the recorder, and what of it the audit log tells apart."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.record_models import AuditRow, UsageHour
from router_core.ports import MarkedHour, ModelHour, SpendHour, UsageBy
from router_core.types import REQUEST_EVENT, Usage

__all__ = ["SqlUsageReader"]

_CLASSES: Final = (
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens",
)  # fmt: skip
_NAMES: Final[Mapping[UsageBy, ColumnElement[str]]] = {
    "account": UsageHour.account_id.expression,
    "key": UsageHour.api_key.expression,
    "use_case": UsageHour.use_case.expression,
    "provider": UsageHour.provider.expression,
    "model": UsageHour.model.expression,
    "installation": literal(""),
}
_TOKENS: Final[Any] = sum((getattr(UsageHour, name) for name in _CLASSES[1:]), start=getattr(UsageHour, _CLASSES[0]))
_DAY: Final = timedelta(days=1)


class SqlUsageReader:
    """Reads usage hours and audit rows; a :class:`UsageReader`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def model_hours(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[ModelHour]:
        """Return each hour that begins in the range, by model, oldest first."""
        sums = [
            func.sum(getattr(UsageHour, name))
            for name in ("requests", "errors", "cached", "cost", "unpriced", *_CLASSES)
        ]
        key = (UsageHour.hour, UsageHour.model)
        query = _within(select(*key, *sums), since, until, accounts).group_by(*key).order_by(*key)
        return await self._hop.read(lambda session: [_model_hour(each) for each in session.execute(query)])

    async def marked_hours(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[MarkedHour]:
        """Return the hours of the range with estimated or cached requests, oldest first; a day at a time."""
        found: list[MarkedHour] = []
        start = since
        while start < until:
            stop = min(until, start + _DAY)
            query = _marked(start, stop, accounts)
            found += await self._hop.read(partial(_marked_hours, query))
            start = stop
        return found

    async def dearest(
        self, by: UsageBy, since: datetime, until: datetime, accounts: Sequence[str] | None, limit: int
    ) -> Sequence[str]:
        """Return the names that used anything in the range, most spending first, at most ``limit`` of them."""
        name = _NAMES[by].label("name")
        query = (
            _within(select(name), since, until, accounts)
            .group_by(name)
            .order_by(func.sum(UsageHour.cost).desc(), name)
            .limit(limit)
        )
        return await self._hop.read(lambda session: session.execute(query).scalars().all())

    async def hours_of(
        self, by: UsageBy, names: Sequence[str], since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[SpendHour]:
        """Return each hour that begins in the range, of ``names`` alone, oldest first."""
        name = _NAMES[by].label("name")
        sums = (func.sum(UsageHour.requests), func.sum(_TOKENS), func.sum(UsageHour.cost), func.sum(UsageHour.unpriced))
        query = (
            _within(select(UsageHour.hour, name, *sums), since, until, accounts)
            .where(_NAMES[by].in_(list(names)))
            .group_by(UsageHour.hour, name)
            .order_by(UsageHour.hour, name)
        )
        return await self._hop.read(lambda session: [_spend_hour(each) for each in session.execute(query)])


def _within(query: Select[Any], since: datetime, until: datetime, accounts: Sequence[str] | None) -> Select[Any]:
    query = query.where(UsageHour.hour >= since, UsageHour.hour < until)
    return query if accounts is None else query.where(UsageHour.account_id.in_(list(accounts)))


def _model_hour(row: Any) -> ModelHour:
    hour, model, requests, errors, cached, cost, unpriced, *classes = row
    return ModelHour(
        hour=hour, model=model, requests=int(requests), errors=int(errors), cached=int(cached), usage=_usage(classes),
        cost=int(cost), unpriced=int(unpriced),
    )  # fmt: skip


def _spend_hour(row: Any) -> SpendHour:
    hour, name, requests, tokens, cost, unpriced = row
    return SpendHour(
        hour=hour, name=name, requests=int(requests), tokens=int(tokens), cost=int(cost), unpriced=int(unpriced)
    )


def _usage(classes: Sequence[Any]) -> Usage:
    fresh, read, write, write_1h, output, reasoning = (int(each) for each in classes)
    return Usage(
        input_tokens=fresh, cache_read_tokens=read, cache_write_tokens=write, cache_write_1h_tokens=write_1h,
        output_tokens=output, reasoning_tokens=reasoning,
    )  # fmt: skip


def _marked(since: datetime, until: datetime, accounts: Sequence[str] | None) -> Select[Any]:
    cached = [case((AuditRow.cached, getattr(AuditRow, name)), else_=0) for name in _CLASSES]
    wanted = and_(
        AuditRow.at >= since, AuditRow.at < until, AuditRow.event == REQUEST_EVENT,
        or_(AuditRow.estimated, AuditRow.cached),
    )  # fmt: skip
    query = select(AuditRow.at, AuditRow.model, AuditRow.estimated, *cached).where(wanted)
    return query if accounts is None else query.where(AuditRow.account_id.in_(list(accounts)))


def _marked_hours(query: Select[Any], session: Session) -> list[MarkedHour]:
    """Add the rows up by the hour; they are few, and databases cut time differently."""
    sums: dict[tuple[datetime, str], list[int]] = {}
    for at, model, estimated, *classes in session.execute(query):
        key = (at.replace(minute=0, second=0, microsecond=0), model or "")
        found = sums.setdefault(key, [0] * (1 + len(_CLASSES)))
        for place, amount in enumerate((estimated, *classes)):
            found[place] += int(amount)
    return [
        MarkedHour(hour=hour, model=model, estimated=estimated, cached_usage=_usage(classes))
        for (hour, model), (estimated, *classes) in sorted(sums.items())
    ]

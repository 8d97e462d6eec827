"""The facade of what was spent: a provider's bill against our record, what was saved, and what is still to come."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from router_core.admin.treasury import BudgetView
from router_core.budgets.forecast import LEARNED_FROM, Forecast
from router_core.budgets.outlook import (
    CoursePoint,
    NameHours,
    OutlookRow,
    Room,
    course_so_far,
    outlook_row,
)
from router_core.clock import Clock
from router_core.cost.bill import Bill, BillFault, WrongBillError
from router_core.cost.bill_reading import read_bill
from router_core.cost.reconciliation import DEFAULT_TOLERANCE, CanonicalModel, OurDay, Reconciliation, reconcile
from router_core.cost.savings import Period, PriceOf, Savings, work_out_savings
from router_core.errors import ForbiddenError, NotFoundError, ValidationError
from router_core.ports import ConfigSource, MarkedHour, ModelHour, SpendHour, UsageBy, UsageReader
from router_core.security.permissions import require
from router_core.types import EVERY_ACCOUNT, BudgetPeriod, NanoUSD, Principal, read_dollars

__all__ = ["MOST_DAYS", "MOST_NAMES", "Bills", "BillsParts", "BudgetCourse"]

MOST_DAYS: Final = 100
MOST_NAMES: Final = 50
_DAY: Final = timedelta(days=1)
_UTC: Final = ZoneInfo("UTC")


class BudgetCourse(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a budget's period went so far, by the hour, and how it is expected to go on."""

    view: BudgetView
    so_far: tuple[CoursePoint, ...]
    ahead: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsParts:
    """What :class:`Bills` works on.

    ``canonical`` brings names of one model together and ``price`` knows what a model's tokens cost; both are called in
    a thread. ``budgets`` and ``forecasts`` are the treasury's.
    """

    usage: UsageReader
    config: ConfigSource
    canonical: CanonicalModel
    price: PriceOf
    budgets: Callable[[Principal], Awaitable[Sequence[BudgetView]]]
    forecasts: Callable[[Sequence[BudgetView]], Awaitable[Mapping[str, Forecast]]]
    clock: Clock


class Bills:
    """What people ask about money that was spent. Raises :class:`ForbiddenError` when their role does not allow it.

    Owners and admins see everything, others what belongs to their accounts.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: BillsParts) -> None:
        self._parts = parts

    async def reconcile(self, data: bytes, person: Principal, tolerance: Decimal = DEFAULT_TOLERANCE) -> Reconciliation:
        """Compare a provider's usage export, CSV in UTF-8, with everything that the installation has on record.

        Only for those who see every account: a bill knows none. Raises :class:`WrongBillError`.
        """
        require(person, "bills.read")
        if person.role not in EVERY_ACCOUNT:
            raise ForbiddenError("Only who sees every account can compare a bill")
        bill = await asyncio.to_thread(read_bill, data)
        first, last = _days_of(bill)
        since = datetime.combine(first, time(), UTC)
        until = datetime.combine(last, time(), UTC) + _DAY
        hours = await self._parts.usage.model_hours(since, until, None)
        marked = await self._parts.usage.marked_hours(since, until, None)
        return await asyncio.to_thread(
            lambda: reconcile(bill, _our_days(hours, marked), self._parts.canonical, tolerance)
        )

    async def savings(self, days: int, person: Principal, zone: ZoneInfo = _UTC) -> Savings:
        """Return what was saved today and on the days before it, ``days`` in all, in the calendar of ``zone``.

        Raises :class:`ValidationError` outside 1 to 100.
        """
        require(person, "bills.read")
        if not 1 <= days <= MOST_DAYS:
            raise ValidationError(f"days must be within 1 and {MOST_DAYS}", field="days")
        now, accounts = self._parts.clock.utcnow(), _accounts(person)
        first = now.astimezone(zone).date() - timedelta(days=days - 1)
        since = datetime.combine(first, time(), zone).astimezone(UTC)
        hours = await self._parts.usage.model_hours(since, now, accounts)
        # The audit log is asked only where our cache answered at all.
        kept = [each.hour for each in hours if each.cached]
        marked = await self._parts.usage.marked_hours(min(kept), now, accounts) if kept else ()
        active = {
            each.model
            for each in self._parts.config.snapshot().providers
            if each.is_active and (accounts is None or each.account_id is None or each.account_id in accounts)
        }
        period = Period(since, now, lambda hour: hour.astimezone(zone).date())
        return await asyncio.to_thread(work_out_savings, hours, marked, active, self._parts.price, period)

    async def outlook(self, by: UsageBy, person: Principal, suppose: str | None = None) -> Sequence[OutlookRow]:
        """Return what is expected of each name by the end of the day and month, most spending first, at most 50.

        ``suppose`` is a limit in dollars for the month of every name that has none, to see when it would be reached.
        Raises :class:`ValidationError` for what is no amount.
        """
        require(person, "bills.read")
        parts, accounts, supposed = self._parts, _accounts(person), _supposed(suppose)
        now = parts.clock.utcnow()
        since = now.replace(minute=0, second=0, microsecond=0) - LEARNED_FROM
        names = await parts.usage.dearest(by, since, now, accounts, MOST_NAMES)
        hours = await parts.usage.hours_of(by, names, since, now, accounts)
        rooms = _rooms(await parts.budgets(person), by)
        book = parts.config.snapshot().budgets
        zones = {name: book.zone_of(name if by == "account" else "") for name in names}
        return await asyncio.to_thread(_rows, zones, hours, rooms, now, supposed)

    async def course(self, budget_id: str, person: Principal) -> BudgetCourse:
        """Return how one budget went and is expected to go on. Raises :class:`NotFoundError` for none such."""
        require(person, "bills.read")
        parts = self._parts
        view = next((each for each in await parts.budgets(person) if each.budget.id == budget_id), None)
        if view is None:
            raise NotFoundError("There is no such budget")
        now, budget = parts.clock.utcnow(), view.budget
        hours = await parts.usage.hours_of(budget.scope, [budget.target], view.starts, now, _accounts(person))
        ahead = await parts.forecasts([view])
        so_far = course_so_far({each.hour: each.cost for each in hours}, view.starts, now, view.spent)
        return BudgetCourse(view=view, so_far=tuple(so_far), ahead=ahead[budget_id])


def _accounts(person: Principal) -> Sequence[str] | None:
    return None if person.role in EVERY_ACCOUNT else person.accounts


def _days_of(bill: Bill) -> tuple[date, date]:
    days = [each.day for each in bill.lines]
    if max(days) - min(days) >= timedelta(days=MOST_DAYS):
        raise WrongBillError([BillFault(1, "date", f"the days span more than {MOST_DAYS}; compare fewer at once")])
    return min(days), max(days)


def _our_days(hours: Iterable[ModelHour], marked: Iterable[MarkedHour]) -> list[OurDay]:
    """Return hours as days, without what our own cache answered: no provider bills that."""
    kept = {(each.hour, each.model): each for each in marked}
    days = []
    for each in hours:
        mark = kept.get((each.hour, each.model))
        cached = 0 if mark is None else mark.cached_usage.total_tokens
        days.append(
            OurDay(
                day=each.hour.date(), model=each.model, requests=each.requests - each.cached,
                tokens=each.usage.total_tokens - cached, cost=each.cost, unpriced=each.unpriced,
                estimated=0 if mark is None else mark.estimated,
            )
        )  # fmt: skip
    return days


def _supposed(text: str | None) -> NanoUSD | None:
    if text is None:
        return None
    amount = read_dollars(text, "suppose")
    if amount == 0:
        raise ValidationError("suppose must be above 0", field="suppose")
    return amount


def _rows(
    zones: Mapping[str, str],
    hours: Iterable[SpendHour],
    rooms: Mapping[str, Mapping[BudgetPeriod, Room]],
    now: datetime,
    suppose: NanoUSD | None,
) -> list[OutlookRow]:
    """Return a row for each name of ``zones`` that spent anything, in their order."""
    found: dict[str, list[SpendHour]] = {}
    for each in hours:
        if each.cost or each.unpriced:
            found.setdefault(each.name, []).append(each)
    return [
        outlook_row(
            NameHours(
                name=name, timezone=zone,
                costs={each.hour: each.cost for each in found[name]},
                unpriced={each.hour: each.unpriced for each in found[name]},
            ), now, rooms.get(name, {}), suppose,
        )
        for name, zone in zones.items() if name in found
    ]  # fmt: skip


def _rooms(views: Iterable[BudgetView], by: UsageBy) -> dict[str, dict[BudgetPeriod, Room]]:
    """Return the budgets of a kind by name and period, of several the one with the least left."""
    rooms: dict[str, dict[BudgetPeriod, Room]] = {}
    for view in views:
        budget = view.budget
        if budget.scope != by or view.limit is None:
            continue
        periods = rooms.setdefault(budget.target, {})
        known = periods.get(budget.period)
        if known is None or view.limit - view.spent < known.limit - known.spent:
            periods[budget.period] = Room(view.limit, view.spent)
    return rooms

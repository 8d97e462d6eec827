"""The facade of money: budgets as people see and change them, and what was spent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.budgets.forecast import LEARNED_FROM, Forecast, forecast
from router_core.budgets.periods import period_at
from router_core.clock import Clock, new_ulid
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import AccountStore, BudgetSettings, BudgetStore, ConfigSource, SpendBy, SpendHour, SpendReader
from router_core.security.permissions import require
from router_core.types import (
    DEFAULT_THRESHOLDS,
    EVERY_ACCOUNT,
    Budget,
    BudgetBalance,
    BudgetMode,
    BudgetPeriod,
    BudgetScope,
    NanoUSD,
    Principal,
    read_dollars,
)

__all__ = ["BudgetOrder", "BudgetView", "Treasury", "TreasuryParts"]

WARNING_PERCENT = 80
BudgetWord = Literal["ok", "warning", "exceeded"]


class BudgetOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit to be set. ``limit`` is in dollars as exact decimal text (``"12.50"``), None for no limit."""

    scope: BudgetScope
    period: BudgetPeriod
    limit: str | None
    target: str = ""
    mode: BudgetMode = "hard"
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS


class BudgetView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A budget and how it stands in the period that runs. Nano-dollars; ``held`` is set aside by processes, for calls
    in flight and those to come.

    ``own`` says whether somebody set it; else it is the default of accounts without one. ``limit`` is the one that
    holds now: the budget's own and ``topped_up``, until ``topped_up_until``, when the first of those top-ups ends.
    """

    budget: Budget
    limit: NanoUSD | None
    period_key: str
    starts: datetime
    ends: datetime
    spent: NanoUSD
    held: NanoUSD
    overage: NanoUSD
    percent: float | None
    word: BudgetWord
    own: bool
    topped_up: NanoUSD = 0
    topped_up_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreasuryParts:
    """What :class:`Treasury` works on.

    ``settled`` is what this process spent out of each of its leases; ``refresh`` makes a change felt in this process
    at once.
    """

    config: ConfigSource
    accounts: AccountStore
    budgets: BudgetStore
    settings: BudgetSettings
    spending: SpendReader
    trail: ActionTrail
    settled: Callable[[], Mapping[str, NanoUSD]]
    refresh: Callable[[], Awaitable[object]]
    catch_up: Callable[[], Awaitable[None]]
    clock: Clock


class Treasury:
    """What people see and do about money. Raises :class:`ForbiddenError` when their role does not allow it.

    Owners and admins see everything, others what belongs to their accounts.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: TreasuryParts) -> None:
        self._parts = parts

    async def budgets(self, person: Principal) -> Sequence[BudgetView]:
        """Return every budget that ``person`` may see, those of the installation first."""
        require(person, "budgets.read")
        book = self._parts.config.snapshot().budgets
        if person.role not in EVERY_ACCOUNT:
            return await self._views([each for account in person.accounts for each in book.of_account(account)])
        accounts = [each.id for each in await self._parts.accounts.list()]
        wider = [each for each in book.budgets if each.scope != "account"]
        return await self._views([*wider, *(each for account in accounts for each in book.of_account(account))])

    async def of_account(self, account_id: str) -> Sequence[BudgetView]:
        """Return the budgets of one account."""
        return await self._views(self._parts.config.snapshot().budgets.of_account(account_id))

    async def set_budget(self, order: BudgetOrder, person: Principal) -> Budget:
        """Set a limit, in force in every process within 2 s; return it.

        Raises :class:`ValidationError` that names the field.
        """
        require(person, "budgets.edit")
        parts = self._parts
        budget = Budget(
            id=new_ulid(parts.clock),
            scope=order.scope,
            target=order.target,
            period=order.period,
            limit=None if order.limit is None else read_dollars(order.limit, "limit"),
            mode=order.mode,
            thresholds=order.thresholds,
        )
        await parts.settings.check_budget(budget)
        if budget.scope == "use_case" and budget.target not in parts.config.snapshot().use_cases():
            raise ValidationError("`target` is no use case that any provider serves", field="target")
        before = self._set(budget)
        await parts.trail.require(
            act_of(
                person, "budget.set", budget.pot, parts.clock, before=None if before is None else _told(before),
                after=_told(budget), account_id=_account(budget),
            )
        )  # fmt: skip
        await parts.catch_up()
        await parts.settings.put_budget(budget)
        await parts.refresh()
        return self._set(budget) or budget

    async def drop_budget(self, budget_id: str, person: Principal) -> None:
        """Remove a limit; an account falls back on the default. Raises :class:`NotFoundError` for none such."""
        require(person, "budgets.edit")
        parts = self._parts
        found = next((each for each in parts.config.snapshot().budgets.budgets if each.id == budget_id), None)
        if found is None:
            raise NotFoundError("There is no such budget")
        await parts.trail.require(
            act_of(person, "budget.dropped", found.pot, parts.clock, before=_told(found), account_id=_account(found))
        )
        await parts.catch_up()
        await parts.settings.drop_budget(budget_id)
        await parts.refresh()

    async def spending(self, by: SpendBy, since: datetime, until: datetime, person: Principal) -> Sequence[SpendHour]:
        """Return what was spent by the hour, by name, of the accounts that ``person`` may see."""
        require(person, "budgets.read")
        accounts = None if person.role in EVERY_ACCOUNT else person.accounts
        return await self._parts.spending.hourly(by, since, until, accounts)

    async def own_spending(self, by: SpendBy, since: datetime, until: datetime, account_id: str) -> Sequence[SpendHour]:
        """Return what one account spent by the hour, by name."""
        return await self._parts.spending.hourly(by, since, until, [account_id])

    async def forecasts(self, views: Sequence[BudgetView]) -> Mapping[str, Forecast]:
        """Return where each of ``views`` will stand at the end of its period, by the budget's id.

        When the limit is reached is told for the one that holds now, as if no top-up ended before.
        """
        now = self._parts.clock.utcnow()
        running = now.replace(minute=0, second=0, microsecond=0)
        past: dict[BudgetScope, dict[str, dict[datetime, NanoUSD]]] = {}
        for scope in {each.budget.scope for each in views}:
            targets = [each.budget.target for each in views if each.budget.scope == scope]
            past[scope] = await self._past(scope, targets, running)
        return await asyncio.to_thread(_forecasts, views, past, now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _set(self, budget: Budget) -> Budget | None:
        """Return the budget that is set in the place of ``budget``, as this process knows it."""
        return next((each for each in self._parts.config.snapshot().budgets.budgets if _same_place(each, budget)), None)

    async def _past(
        self, scope: BudgetScope, targets: Sequence[str], until: datetime
    ) -> dict[str, dict[datetime, NanoUSD]]:
        """Return what was spent by the hour, by what budgets of ``scope`` name; everything together under no name."""
        by: SpendBy = "provider" if scope == "installation" else scope
        accounts = targets if scope == "account" else None
        found: dict[str, dict[datetime, NanoUSD]] = {}
        for each in await self._parts.spending.hourly(by, until - LEARNED_FROM, until, accounts):
            hours = found.setdefault("" if scope == "installation" else each.name, {})
            hours[each.hour] = hours.get(each.hour, 0) + each.cost
        return found

    async def _views(self, budgets: Sequence[Budget]) -> Sequence[BudgetView]:
        moment = self._parts.clock.utcnow()
        spans = [period_at(each.period, each.timezone, moment) for each in budgets]
        keys = [(each.pot, span.key) for each, span in zip(budgets, spans, strict=True)]
        balances = {
            (each.budget, each.period): each for each in await self._parts.budgets.balances(keys, self._parts.settled())
        }
        book = self._parts.config.snapshot().budgets
        stored = {each.id for each in book.budgets}
        views = []
        for budget, span, key in zip(budgets, spans, keys, strict=True):
            pot = balances.get(key, BudgetBalance(budget=budget.pot, period=span.key))
            spent, running = pot.known, [] if budget.limit is None else book.running(budget.pot, moment)
            topped_up = sum(each.amount for each in running)
            limit = None if budget.limit is None else budget.limit + topped_up
            views.append(
                BudgetView(
                    budget=budget, limit=limit, period_key=span.key, starts=span.start, ends=span.end, spent=spent,
                    held=max(0, pot.spent + pot.leased - spent), overage=pot.overage, percent=_percent(spent, limit),
                    word=_word(spent, limit), own=budget.id in stored, topped_up=topped_up,
                    topped_up_until=min((each.ends_at for each in running), default=None),
                )
            )  # fmt: skip
        return views


def _forecasts(
    views: Sequence[BudgetView], past: Mapping[BudgetScope, Mapping[str, Mapping[datetime, NanoUSD]]], now: datetime
) -> dict[str, Forecast]:
    return {
        each.budget.id: forecast(
            history=past[each.budget.scope].get(each.budget.target, {}),
            now=now,
            end=each.ends,
            spent=each.spent,
            limit=each.limit,
            zone=ZoneInfo(each.budget.timezone),
        )
        for each in views
    }


def _account(budget: Budget) -> str | None:
    return budget.target if budget.scope == "account" else None


def _same_place(one: Budget, other: Budget) -> bool:
    return (one.scope, one.target, one.period, one.mode) == (other.scope, other.target, other.period, other.mode)


def _told(budget: Budget) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(budget)
    return {name: told[name] for name in ("id", "limit", "mode", "thresholds")} | {
        "thresholds": ", ".join(str(each) for each in budget.thresholds)
    }


def _percent(spent: NanoUSD, limit: NanoUSD | None) -> float | None:
    if limit is None:
        return None
    return 100.0 if limit == 0 else round(100 * spent / limit, 2)


def _word(spent: NanoUSD, limit: NanoUSD | None) -> BudgetWord:
    if limit is None:
        return "ok"
    if spent >= limit:
        return "exceeded"
    return "warning" if 100 * spent >= WARNING_PERCENT * limit else "ok"

"""``/api/llm/budget`` and ``/api/llm/usage``: what the caller's own account may spend, and what it spent."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct

from router_core.admin.treasury import BudgetView
from router_core.api.auth import require_in_service
from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.budgets.forecast import ForecastBasis
from router_core.budgets.refusals import budget_status
from router_core.errors import ForbiddenError
from router_core.ports import SpendHour
from router_core.types import NanoUSD, format_usd

__all__ = ["BudgetAnswer", "UsageAnswer", "report_budget", "report_usage"]

USAGE_DAYS = 31


class _Outlook(Struct, frozen=True, rename="camel"):
    """Where a budget will stand at the end of its period, in nano-dollars; the interval holds four times in five."""

    low: NanoUSD
    expected: NanoUSD
    high: NanoUSD
    basis: ForecastBasis
    exhausted_at: datetime | None


class BudgetAnswer(Struct, frozen=True, rename="camel"):
    """The original's ``budgetStatus`` in dollars, every budget in nano-dollars, and forecasts by a budget's id."""

    success: bool
    account_id: str
    budget_status: dict[str, Any]
    budgets: list[BudgetView]
    forecasts: dict[str, _Outlook]
    timestamp: datetime


class _Used(Struct, frozen=True, rename="camel"):
    """What one model used on one UTC day. ``unpriced`` counts requests that ``usd`` lacks."""

    date: date
    model: str
    requests: int
    tokens: int
    usd: str
    unpriced: int


class UsageAnswer(Struct, frozen=True, rename="camel"):
    """What the account spent in the last 31 days, and in all of them."""

    success: bool
    account_id: str
    since: datetime
    usd: str
    usage: list[_Used]
    timestamp: datetime


async def report_budget(call: Call) -> None:
    """Answer with the budgets of the caller's account."""
    read_query(call, {})
    account, treasury = await _own_account(call), call.deps.money.treasury
    views = list(await treasury.of_account(account))
    status = budget_status((each.budget, each.spent, each.limit) for each in views)
    found = await treasury.forecasts(views)
    ahead = {
        id: _Outlook(each.low, each.expected, each.high, each.basis, each.exhausted_at) for id, each in found.items()
    }
    await call.answer(BudgetAnswer(True, account, status, views, ahead, call.deps.clock.utcnow()))


async def report_usage(call: Call) -> None:
    """Answer with what the caller's account spent, by day and model."""
    read_query(call, {})
    account, now = await _own_account(call), call.deps.clock.utcnow()
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=USAGE_DAYS - 1)
    hours = await call.deps.money.treasury.own_spending("model", since, now, account)
    total = sum(each.cost for each in hours)
    await call.answer(UsageAnswer(True, account, since, format_usd(total), _by_day(hours), now))


async def _own_account(call: Call) -> str:
    account = await require_in_service(call.principal, None, call.deps.authenticator)
    if account is None:
        raise ForbiddenError("The caller belongs to no account")
    return account


def _by_day(hours: Sequence[SpendHour]) -> list[_Used]:
    days: dict[tuple[date, str], list[SpendHour]] = {}
    for each in hours:
        days.setdefault((each.hour.date(), each.name), []).append(each)
    return [_used(day, model, found) for (day, model), found in sorted(days.items())]


def _used(day: date, model: str, hours: list[SpendHour]) -> _Used:
    cost: NanoUSD = sum(each.cost for each in hours)
    return _Used(
        day, model, sum(each.requests for each in hours), sum(each.tokens for each in hours), format_usd(cost),
        sum(each.unpriced for each in hours),
    )  # fmt: skip

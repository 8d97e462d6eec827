"""``signalbox budgets``: limits on money, straight in the store; every running process follows within 2 s."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from router_core.admin.action_trail import ActionTrail
from router_core.admin.treasury import BudgetOrder, BudgetView, Treasury
from router_core.budgets.refusals import dollars
from router_core.types import DEFAULT_THRESHOLDS, Budget, BudgetMode, BudgetPeriod, BudgetScope
from signalbox import administration
from signalbox.commands.output import print_json
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault
from signalbox.treasury import store_treasury

__all__ = ["drop_budgets", "find_target", "list_budgets", "set_budgets"]

NO_LIMIT = "none"


def set_budgets(
    data_dir: Path | None,
    targets: Sequence[tuple[BudgetScope, str]],
    limits: Sequence[tuple[BudgetPeriod, str | None]],
    mode: BudgetMode,
    thresholds: Sequence[int],
    *,
    as_json: bool,
) -> None:
    """Set what the one of ``targets`` may spend by the day and by the month; an account is named by its name.

    Without ``thresholds`` those of the limit that is there stay.
    """
    wanted = [(period, text) for period, text in limits if text is not None]
    if not wanted:
        raise UsageFault("say what may be spent: --daily USD, --monthly USD, or both")

    async def work(desk: StoreDesk) -> Sequence[BudgetView]:
        scope, name = await find_target(desk, targets)
        treasury = _treasury(desk)
        for period, text in wanted:
            limit = None if text.strip().lower() == NO_LIMIT else text.strip()
            there = [each for each in _own(desk, scope, name) if (each.period, each.mode) == (period, mode)]
            kept = there[0].thresholds if there else DEFAULT_THRESHOLDS
            order = BudgetOrder(
                scope=scope, target=name, period=period, limit=limit, mode=mode, thresholds=tuple(thresholds) or kept
            )
            await treasury.set_budget(order, COMMAND)
        return await _of(treasury, scope, name)

    _print(at_desk(data_dir, work), as_json=as_json)


def drop_budgets(
    data_dir: Path | None,
    targets: Sequence[tuple[BudgetScope, str]],
    periods: Sequence[BudgetPeriod],
    mode: BudgetMode | None,
    *,
    as_json: bool,
) -> None:
    """Remove the limits of the one of ``targets`` for ``periods``, of one ``mode`` or of all."""
    if not periods:
        raise UsageFault("say which limit: --daily, --monthly, or both")

    async def work(desk: StoreDesk) -> Sequence[BudgetView]:
        scope, name = await find_target(desk, targets)
        found = [each for each in _own(desk, scope, name) if each.period in periods and mode in (None, each.mode)]
        if not found:
            raise UsageFault("no such limit is set")
        treasury = _treasury(desk)
        for each in found:
            await treasury.drop_budget(each.id, COMMAND)
        return await _of(treasury, scope, name)

    _print(at_desk(data_dir, work), as_json=as_json)


async def find_target(desk: StoreDesk, targets: Sequence[tuple[BudgetScope, str]]) -> tuple[BudgetScope, str]:
    """Return the only one of ``targets``, an account by its id.

    Raises :class:`UsageFault` unless there is exactly one, and :class:`NotFoundError` for an unknown account.
    """
    if len(targets) != 1:
        raise UsageFault("say whose budget it is: one of --account, --key, --use-case, --provider, --installation")
    scope, name = targets[0]
    return scope, (await administration.find_account(desk.store.accounts, name)).id if scope == "account" else name


def list_budgets(data_dir: Path | None, *, as_json: bool) -> None:
    """Print every budget and how it stands."""
    _print(at_desk(data_dir, lambda desk: _treasury(desk).budgets(COMMAND)), as_json=as_json)


def _own(desk: StoreDesk, scope: BudgetScope, target: str) -> Sequence[Budget]:
    """Return the limits that somebody set there."""
    return desk.store.config.snapshot().budgets.of(scope, target)


async def _of(treasury: Treasury, scope: BudgetScope, target: str) -> Sequence[BudgetView]:
    found = await treasury.budgets(COMMAND)
    return [each for each in found if (each.budget.scope, each.budget.target) == (scope, target)]


def _treasury(desk: StoreDesk) -> Treasury:
    trail = ActionTrail(desk.store.actions, desk.clock)
    return store_treasury(desk.store, desk.store.config, trail, desk.clock)


def _print(views: Sequence[BudgetView], *, as_json: bool) -> None:
    if as_json:
        print_json(views)
    else:
        print_rows([_row(each) for each in views], as_json=False)


def _row(view: BudgetView) -> dict[str, Any]:
    budget = view.budget
    return {
        "scope": budget.scope,
        "of": budget.target,
        "period": view.period_key,
        "mode": budget.mode if view.own else f"{budget.mode}, default",
        "spent": dollars(view.spent),
        "limit": _limit(view),
        "used": "" if view.percent is None else f"{view.percent:.1f} %",
    }


def _limit(view: BudgetView) -> str:
    if view.limit is None:
        return "none"
    until = view.topped_up_until
    more = "" if until is None else f" incl. {dollars(view.topped_up)} until {until:%Y-%m-%d %H:%M}Z"
    return f"{dollars(view.limit)}{more}"

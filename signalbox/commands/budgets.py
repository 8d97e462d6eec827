"""``signalbox budgets``: limits on money, straight in the store; every running process follows within 2 s."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from router_core.admin.action_trail import ActionTrail
from router_core.admin.treasury import BudgetOrder, BudgetView, Treasury
from router_core.budgets.refusals import dollars
from router_core.types import BudgetMode, BudgetPeriod, BudgetScope, Principal
from signalbox import administration
from signalbox.commands.output import print_json
from signalbox.commands.store_desk import StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault
from signalbox.treasury import store_treasury

__all__ = ["list_budgets", "set_budgets"]

NO_LIMIT = "none"
_COMMAND = Principal(kind="embedded", id="", name="command", role="owner", accounts=())


def set_budgets(
    data_dir: Path | None,
    targets: Sequence[tuple[BudgetScope, str]],
    limits: Sequence[tuple[BudgetPeriod, str | None]],
    mode: BudgetMode,
    *,
    as_json: bool,
) -> None:
    """Set what the one of ``targets`` may spend by the day and by the month; an account is named by its name."""
    if len(targets) != 1:
        raise UsageFault("say whose budget it is: one of --account, --key, --use-case, --provider, --installation")
    wanted = [(period, text) for period, text in limits if text is not None]
    if not wanted:
        raise UsageFault("say what may be spent: --daily USD, --monthly USD, or both")

    async def work(desk: StoreDesk) -> Sequence[BudgetView]:
        (scope, name), *_ = targets
        if scope == "account":
            name = (await administration.find_account(desk.store.accounts, name)).id
        treasury = _treasury(desk)
        for period, text in wanted:
            limit = None if text.strip().lower() == NO_LIMIT else text.strip()
            await treasury.set_budget(
                BudgetOrder(scope=scope, target=name, period=period, limit=limit, mode=mode), _COMMAND
            )
        found = await treasury.budgets(_COMMAND)
        return [each for each in found if (each.budget.scope, each.budget.target) == (scope, name)]

    _print(at_desk(data_dir, work), as_json=as_json)


def list_budgets(data_dir: Path | None, *, as_json: bool) -> None:
    """Print every budget and how it stands."""
    _print(at_desk(data_dir, lambda desk: _treasury(desk).budgets(_COMMAND)), as_json=as_json)


def _treasury(desk: StoreDesk) -> Treasury:
    trail = ActionTrail(desk.store.actions, desk.clock)
    return store_treasury(desk.store, desk.store.config, trail, dict, desk.clock)


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
        "limit": "none" if budget.limit is None else dollars(budget.limit),
        "used": "" if view.percent is None else f"{view.percent:.1f} %",
    }

"""``signalbox budgets topups``: more money for a while, straight in the store; every process follows within 2 s."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from router_core.admin.action_trail import ActionTrail
from router_core.admin.topups import TopUpApproval, TopUpOrder, TopUps
from router_core.budgets.refusals import dollars
from router_core.types import BudgetPeriod, BudgetScope, TopUp
from signalbox.commands.budgets import find_target
from signalbox.commands.given import given_moment
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault
from signalbox.treasury import store_topups

__all__ = ["approval", "approve_topup", "ask_topup", "deny_topup", "end_topup", "list_topups"]


def list_topups(data_dir: Path | None, *, as_json: bool) -> None:
    """Print requests and what became of them."""
    found = at_desk(data_dir, lambda desk: _facade(desk).list(COMMAND))
    if as_json:
        print_json(found)
    else:
        print_rows([{"state": each.word, **_row(each.top_up)} for each in found], as_json=False)


def ask_topup(
    data_dir: Path | None,
    targets: Sequence[tuple[BudgetScope, str]],
    amounts: Sequence[tuple[BudgetPeriod, str | None]],
    reason: str,
    until: str | None,
    *,
    as_json: bool,
) -> None:
    """Ask for more money on the one of ``targets``; an account is named by its name."""
    wanted = [(period, text) for period, text in amounts if text is not None]
    if len(wanted) != 1:
        raise UsageFault("say how much more: one of --daily USD and --monthly USD")
    (period, amount), end = wanted[0], given_moment("--until", until)

    async def work(desk: StoreDesk) -> TopUp:
        scope, target = await find_target(desk, targets)
        order = TopUpOrder(scope=scope, target=target, period=period, amount=amount.strip(), reason=reason, until=end)
        return await _facade(desk).ask(order, COMMAND)

    _print(at_desk(data_dir, work), as_json=as_json)


def approval(amount: str | None, until: str | None, note: str) -> TopUpApproval:
    """Return the yes that the options say. Raises :class:`UsageFault`."""
    return TopUpApproval(
        amount=None if amount is None else amount.strip(), until=given_moment("--until", until), note=note
    )


def approve_topup(data_dir: Path | None, topup_id: str, said: TopUpApproval, *, as_json: bool) -> None:
    """Let a request run."""
    _decide(data_dir, lambda facade: facade.approve(topup_id, said, COMMAND), as_json=as_json)


def deny_topup(data_dir: Path | None, topup_id: str, note: str, *, as_json: bool) -> None:
    """Turn a request down."""
    _decide(data_dir, lambda facade: facade.deny(topup_id, note, COMMAND), as_json=as_json)


def end_topup(data_dir: Path | None, topup_id: str, *, as_json: bool) -> None:
    """End a top-up before its time."""
    _decide(data_dir, lambda facade: facade.end(topup_id, COMMAND), as_json=as_json)


def _decide(data_dir: Path | None, act: Callable[[TopUps], Awaitable[TopUp]], *, as_json: bool) -> None:
    _print(at_desk(data_dir, lambda desk: act(_facade(desk))), as_json=as_json)


def _facade(desk: StoreDesk) -> TopUps:
    return store_topups(desk.store, desk.store.config, ActionTrail(desk.store.actions, desk.clock), desk.clock)


def _print(topup: TopUp, *, as_json: bool) -> None:
    if as_json:
        print_json(topup)
        return
    told = _row(topup)
    print_line(f"{topup.state}: {told['amount']} on {topup.pot} until {told['until']:%Y-%m-%d %H:%M}Z ({topup.id})")


def _row(topup: TopUp) -> dict[str, Any]:
    return {
        "id": topup.id, "budget": topup.pot, "amount": dollars(topup.amount), "until": topup.ends_at,
        "asked by": topup.asked_by, "reason": topup.reason,
    }  # fmt: skip

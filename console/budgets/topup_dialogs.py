"""The dialogs of top-ups: ask, approve, deny, withdraw, end. Each checks again who is there."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import streamlit as st

from console.budgets.bars import KINDS, owner_of
from console.format import literal, moment, money, prose, zone_of
from console.identity import Visitor, require
from router_core.admin.topups import TopUpApproval, TopUpOrder
from router_core.admin.treasury import BudgetView
from router_core.budgets.refusals import dollars
from router_core.errors import LLMError, ValidationError
from router_core.types import TopUp, read_dollars

__all__ = ["TopUpDialog", "draw_dialog", "open_dialog", "take_flash", "whose"]

OPEN_KEY: Final = "topup_open"
FLASH_KEY: Final = "topup_flash"
MAX_TEXT: Final = 200
IN_FORCE: Final = "every process follows within 2 seconds."
Kind = Literal["ask", "approve", "deny", "withdraw", "end"]
TITLES: Final[Mapping[Kind, str]] = {
    "ask": "Ask for more", "approve": "Approve a top-up", "deny": "Deny a request", "withdraw": "Withdraw a request",
    "end": "End a top-up",
}  # fmt: skip


class TopUpDialog(NamedTuple):
    """What a person is about to do, to which top-up; none yet when they ask."""

    kind: Kind
    topup_id: str = ""


def open_dialog(dialog: TopUpDialog) -> None:
    """Have ``dialog`` drawn in the run that follows."""
    st.session_state[OPEN_KEY] = dialog


def take_flash() -> str | None:
    """Return once what was done."""
    said: str | None = st.session_state.pop(FLASH_KEY, None)
    return said


def draw_dialog(found: Mapping[str, TopUp], views: Sequence[BudgetView], names: Mapping[str, str]) -> None:
    """Draw the dialog that was opened, if its top-up is still there."""
    dialog: TopUpDialog | None = st.session_state.get(OPEN_KEY)
    if dialog is None:
        return
    topup = found.get(dialog.topup_id)
    if dialog.kind != "ask" and topup is None:
        _close()
        return
    opened = st.dialog(TITLES[dialog.kind], icon=":material/add_card:", on_dismiss=_close)
    if topup is None:
        opened(_ask)(views, names)
    else:
        draw = {"approve": _approve, "deny": _deny, "withdraw": _withdraw, "end": _end}[dialog.kind]
        opened(draw)(topup, literal(whose(topup, names)))


def whose(topup: TopUp, names: Mapping[str, str]) -> str:
    """Return whose budget is topped up, in words."""
    kind = KINDS[topup.scope]
    return f"{kind} {names.get(topup.target, topup.target)}".strip() + f", {topup.period}"


def _ask(views: Sequence[BudgetView], names: Mapping[str, str]) -> None:
    visitor = require("budgets", touch=True)
    limited = {each.budget.pot: each for each in views if each.limit is not None}
    pot = st.selectbox("Budget", list(limited), format_func=lambda each: _label(limited[each], names), key="topup_pot")
    view = limited[pot]
    amount = st.text_input(
        "Dollars on top of its limit", key="topup_amount", placeholder="for example 20", autocomplete="off", live=True
    )
    fine = _preview(amount, view.limit)
    until = _until(visitor, "topup_until", f"end of the {'day' if view.budget.period == 'daily' else 'month'}", None)
    reason = st.text_input("Reason", max_chars=MAX_TEXT, key="topup_reason", placeholder="For who decides", live=True)
    budget = view.budget
    order = TopUpOrder(
        scope=budget.scope, target=budget.target, period=budget.period, amount=amount.strip(), reason=reason,
        until=until,
    )  # fmt: skip
    _finish(
        visitor, "Ask", lambda: visitor.stage.backend.topups.ask(order, visitor.person),
        "Your request waits for an admin.", ready=fine and bool(reason.strip()),
    )  # fmt: skip


def _approve(topup: TopUp, of: str) -> None:
    visitor = require("budgets", touch=True)
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    st.markdown(f"**{of}**: {literal(topup.asked_by)} asks because: {literal(topup.reason)}")
    asked = dollars(topup.amount).lstrip("$").replace(",", "")
    amount = st.text_input("Dollars", asked, key=f"topup_amount_{topup.id}", autocomplete="off", live=True)
    fine = _preview(amount, None)
    over = topup.ends_at <= now
    until = _until(visitor, f"topup_until_{topup.id}", moment(topup.ends_at, zone, now), topup.ends_at, over=over)
    note = st.text_input("Note", max_chars=MAX_TEXT, key=f"topup_note_{topup.id}", placeholder="Optional")
    approval = TopUpApproval(amount=amount.strip(), until=until, note=note)
    _finish(
        visitor, "Approve", lambda: visitor.stage.backend.topups.approve(topup.id, approval, visitor.person),
        f"The top-up runs; {IN_FORCE}", ready=fine,
    )  # fmt: skip


def _deny(topup: TopUp, of: str) -> None:
    visitor = require("budgets", touch=True)
    st.markdown(
        f"**{of}**: {literal(topup.asked_by)} asks for {literal(money(topup.amount))} because: {literal(topup.reason)}"
    )
    note = st.text_input("Why not", max_chars=MAX_TEXT, key=f"topup_note_{topup.id}", live=True)
    _finish(
        visitor, "Deny", lambda: visitor.stage.backend.topups.deny(topup.id, note, visitor.person),
        "The request is denied.", ready=bool(note.strip()),
    )  # fmt: skip


def _withdraw(topup: TopUp, of: str) -> None:
    visitor = require("budgets", touch=True)
    st.markdown(f"**{of}**: your request for {literal(money(topup.amount))} will not be decided any more.")
    _finish(
        visitor, "Withdraw", lambda: visitor.stage.backend.topups.withdraw(topup.id, visitor.person),
        "The request is withdrawn.",
    )  # fmt: skip


def _end(topup: TopUp, of: str) -> None:
    visitor = require("budgets", touch=True)
    st.markdown(
        f"**{of}**: the limit falls by {literal(money(topup.amount))} at once. Calls under way are "
        "finished; when more than the limit is spent, new ones are refused."
    )
    _finish(
        visitor, "End it now", lambda: visitor.stage.backend.topups.end(topup.id, visitor.person),
        f"The top-up is over; {IN_FORCE}",
    )  # fmt: skip


def _preview(text: str, limit: int | None) -> bool:
    """Say what the typed amount comes to; return whether it is one."""
    if not text.strip():
        return False
    try:
        amount = read_dollars(text.strip(), "amount")
    except ValidationError as error:
        st.caption(f":red[{prose(error.message)}]")
        return False
    if limit is not None:
        st.caption(literal(f"{dollars(limit)} now, {dollars(limit + amount)} with it"))
    return amount > 0


def _until(visitor: Visitor, key: str, named: str, asked: datetime | None, *, over: bool = False) -> datetime | None:
    """Let the person choose an end; None for the one that is ``named``, which is ``over`` already perhaps."""
    zone = zone_of(st.context.timezone)
    choices = (
        ["Another time"] if over else [f"Until the {named}" if asked is None else f"Until {named}", "Another time"]
    )
    picked = st.segmented_control("How long", choices, default=choices[0], required=True, key=key)
    if picked != "Another time":
        return None
    local = visitor.stage.clock.utcnow().astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    chosen = st.datetime_input(
        f"Until ({zone.key})", local + timedelta(hours=4), min_value=local, max_value=local + timedelta(days=366),
        key=f"{key}_at",
    )  # fmt: skip
    return chosen.replace(tzinfo=zone)


def _finish(
    visitor: Visitor, label: str, act: Callable[[], Coroutine[Any, Any, TopUp]], said: str, *, ready: bool = True
) -> None:
    """Draw the way back and the way on; when ``act`` fails, the dialog stays and says why."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="topup_cancel"):
            _close()
            st.rerun()
        pressed = st.button(label, key="topup_do", type="primary", disabled=not ready)
    if not pressed or not ready:
        return
    try:
        visitor.stage.bridge.call(act())
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    _close()
    st.session_state[FLASH_KEY] = said
    st.rerun()


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)


def _label(view: BudgetView, names: Mapping[str, str]) -> str:
    return f"{owner_of(view, names)}, {view.budget.period}"

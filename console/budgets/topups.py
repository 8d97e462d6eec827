"""More money for a while: what waits for a decision, what runs, and the way to ask for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.topup_dialogs import TopUpDialog, draw_dialog, open_dialog, take_flash, whose
from console.format import ago, literal, moment, money, span
from console.identity import Visitor
from router_core.admin.topups import TopUpView, TopUpWord
from router_core.admin.treasury import BudgetView

__all__ = ["draw_topups"]

MOST_EARLIER: Final = 20
WORDS: Final[Mapping[TopUpWord, str]] = {
    "waiting": "waits", "running": "runs", "over": "over", "denied": "denied", "withdrawn": "withdrawn",
    "ended": "ended early",
}  # fmt: skip


def draw_topups(
    visitor: Visitor, views: Sequence[BudgetView], names: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> None:
    """Draw the requests that wait, the top-ups that run, and earlier ones; those who may ask, decide or end them."""
    backend, person = visitor.stage.backend, visitor.person
    found = visitor.stage.bridge.call(backend.topups.list(person))
    flash = take_flash()
    if flash:
        st.toast(flash, icon=":material/check:")
    may_ask, may_decide = backend.may_control(person, "topups"), backend.may_control(person, "budgets")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Top-ups", anchor=False)
        if may_ask and any(each.limit is not None for each in views):
            _button("Ask for more", "topup_ask", TopUpDialog("ask"), icon=":material/add_card:")
    waiting = [each for each in found if each.word == "waiting"]
    running = [each for each in found if each.word == "running"]
    if not waiting and not running:
        st.caption("Nobody waits for more money, and no budget is topped up.")
    for each in waiting:
        _waiting(each, names, zone, now, may_decide=may_decide)
    for each in running:
        _running(each, names, zone, now, may_decide=may_decide)
    _earlier([each for each in found if each not in waiting and each not in running], names, zone, now)
    draw_dialog({each.top_up.id: each.top_up for each in found}, views, names)


def _waiting(view: TopUpView, names: Mapping[str, str], zone: ZoneInfo, now: datetime, *, may_decide: bool) -> None:
    topup = view.top_up
    asked, until = ago((now - topup.asked_at).total_seconds()), moment(topup.ends_at, zone, now)
    with _row():
        _text(
            f"**{literal(money(topup.amount))} more** for {literal(whose(topup, names))}, until {until}",
            f"asked by {literal(topup.asked_by)} {asked} · {literal(topup.reason)}",
        )
        with st.container(horizontal=True, width="content"):
            if may_decide:
                _button("Approve", f"topup_approve_{topup.id}", TopUpDialog("approve", topup.id), main=True)
                _button("Deny", f"topup_deny_{topup.id}", TopUpDialog("deny", topup.id))
            if view.own:
                _button("Withdraw", f"topup_withdraw_{topup.id}", TopUpDialog("withdraw", topup.id))


def _running(view: TopUpView, names: Mapping[str, str], zone: ZoneInfo, now: datetime, *, may_decide: bool) -> None:
    topup = view.top_up
    left = span((topup.ends_at - now).total_seconds())
    note = f" · {literal(topup.note)}" if topup.note else ""
    with _row():
        _text(
            f"**{literal(money(topup.amount))} more** for {literal(whose(topup, names))}, {left} left "
            f"(until {moment(topup.ends_at, zone, now)})",
            f"asked by {literal(topup.asked_by)}, approved by {literal(topup.decided_by)} · "
            f"{literal(topup.reason)}{note}",
        )
        if may_decide:
            _button("End", f"topup_end_{topup.id}", TopUpDialog("end", topup.id))


def _earlier(found: Sequence[TopUpView], names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    if not found:
        return
    rows: list[dict[str, Any]] = [
        {
            "Asked": moment(each.top_up.asked_at, zone, now),
            "By": each.top_up.asked_by,
            "Budget": whose(each.top_up, names),
            "Amount": money(each.top_up.amount),
            "Reason": each.top_up.reason,
            "State": WORDS[each.word],
            "Decided by": each.top_up.decided_by,
            "Note": each.top_up.note,
        }
        for each in found[:MOST_EARLIER]
    ]
    with st.expander("Earlier requests"):
        st.dataframe(rows, hide_index=True, height="content", alt="Earlier requests for more money, newest first")


def _row() -> Any:
    return st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")


def _text(said: str, detail: str) -> None:
    with st.container(width=620, gap="xsmall"):
        st.markdown(said)
        st.caption(detail)


def _button(label: str, key: str, dialog: TopUpDialog, *, icon: str | None = None, main: bool = False) -> None:
    st.button(label, key=key, icon=icon, type="primary" if main else "secondary", on_click=open_dialog, args=(dialog,))

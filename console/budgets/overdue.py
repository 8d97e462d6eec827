"""Leases whose process seems gone for good: a notice for admins, with the way to write them off."""

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from console.budgets.bars import KINDS
from console.format import literal, money, prose, span
from console.identity import Visitor, require
from router_core.admin.lease_desk import LeaseView
from router_core.errors import LLMError

__all__ = ["draw_overdue"]

OPEN_KEY: Final = "lease_open"
FLASH_KEY: Final = "lease_flash"
MOST_SHOWN: Final = 20


def draw_overdue(visitor: Visitor, names: Mapping[str, str]) -> None:
    """Draw the leases that may be written off, for those who may do it; nothing when there are none."""
    flash = st.session_state.pop(FLASH_KEY, None)
    if flash:
        st.toast(flash, icon=":material/check:")
    backend, person = visitor.stage.backend, visitor.person
    if not backend.may_control(person, "leases"):
        return
    found = visitor.stage.bridge.call(backend.leases.list(person))
    overdue = {each.lease.id: each for each in found if each.may_be_written_off}
    if overdue:
        _notice(list(overdue.values()), names)
    wanted = overdue.get(st.session_state.get(OPEN_KEY, ""))
    if wanted is not None:
        st.dialog("Write a lease off", icon=":material/money_off:", on_dismiss=_close)(_confirm)(wanted, names)


def _notice(overdue: Sequence[LeaseView], names: Mapping[str, str]) -> None:
    held = sum(each.lease.held for each in overdue)
    with st.container(border=True, key="overdue_leases"):
        st.markdown(
            f":material/hourglass_disabled: **{literal(money(held))} are held by processes that have not been heard of "
            "since their leases ended.** They come back by themselves when such a process, or its successor on that "
            "machine, starts again. When that will never be, write them off."
        )
        for each in overdue[:MOST_SHOWN]:
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                st.markdown(_line(each, names), width=700)
                st.button("Write off", key=f"lease_{each.lease.id}", on_click=_open, args=(each.lease.id,))
        if len(overdue) > MOST_SHOWN:
            st.caption(f"{len(overdue) - MOST_SHOWN} more: signalbox budgets leases list")


def _line(view: LeaseView, names: Mapping[str, str]) -> str:
    lease = view.lease
    scope, _, rest = lease.budget.partition(":")
    target, _, period = rest.rpartition(":")
    whose = f"{KINDS[scope]} {names.get(target, target)}".strip()
    late = span(view.overdue_s or 0.0)
    return (
        f"**{literal(money(lease.held))}** of {literal(whose)}, {period} {lease.period}: "
        f"held by {literal(lease.writer)}, overdue for {late}"
    )


def _confirm(view: LeaseView, names: Mapping[str, str]) -> None:
    visitor = require("budgets", touch=True)
    st.markdown(_line(view, names))
    st.markdown(
        "The money goes back to its budget. Should the process come back after all, what it has spent is counted as "
        "overage: the budget may then be exceeded by that much."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="lease_cancel"):
            _close()
            st.rerun()
        pressed = st.button("Write off", key="lease_do", type="primary")
    if not pressed:
        return
    try:
        done = visitor.stage.bridge.call(visitor.stage.backend.leases.write_off(view.lease.id, visitor.person))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    _close()
    st.session_state[FLASH_KEY] = f"{prose(money(done.given_back))} are back in their budget."
    st.rerun()


def _open(lease_id: str) -> None:
    st.session_state[OPEN_KEY] = lease_id


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)

"""Setting a limit: a dialog for those who may, checked, on record, in force in every process within 2 seconds."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, cast

import streamlit as st
from msgspec import structs

from console.budgets.bars import KINDS, MODES
from console.format import prose
from console.identity import Visitor, require
from router_core.admin.treasury import BudgetOrder, BudgetView
from router_core.errors import LLMError
from router_core.types import DEFAULT_THRESHOLDS, Budget, BudgetMode, BudgetPeriod, BudgetScope

__all__ = ["forget_change", "offer_change"]

OPEN_KEY: Final = "budget_change_open"
FLASH_KEY: Final = "budget_flash"


def offer_change(visitor: Visitor, names: Mapping[str, str], views: Sequence[BudgetView]) -> None:
    """Draw the button for those who may, and the dialog once it was pressed."""
    flash = st.session_state.pop(FLASH_KEY, None)
    if flash:
        st.toast(flash, icon=":material/check:")
    if not visitor.stage.backend.may_control(visitor.person, "budgets"):
        return
    st.button("Set a budget", key="budget_change", on_click=_open, icon=":material/tune:")
    if st.session_state.get(OPEN_KEY):
        st.dialog("Set a budget", icon=":material/tune:", on_dismiss=forget_change)(_draw)(names, views)


def forget_change() -> None:
    """Close the dialog."""
    st.session_state.pop(OPEN_KEY, None)


def _open() -> None:
    st.session_state[OPEN_KEY] = True


def _draw(names: Mapping[str, str], views: Sequence[BudgetView]) -> None:
    visitor = require("budgets", touch=True)
    kind = st.selectbox("Whose", list(KINDS), index=1, format_func=KINDS.__getitem__, key="budget_scope")
    scope = cast("BudgetScope", kind)
    target = _target(visitor, scope, names)
    period = cast("BudgetPeriod", st.segmented_control("Period", ["daily", "monthly"], default="daily", required=True))
    mode = cast(
        "BudgetMode",
        st.selectbox("When it is spent", list(MODES), format_func=MODES.__getitem__, key="budget_mode"),
    )
    there = _there(views, (scope, target, period, mode))
    limit = st.text_input("Limit in dollars", key="budget_limit", placeholder="for example 12.50", autocomplete="off")
    endless = st.checkbox("No limit", key="budget_endless")
    known = DEFAULT_THRESHOLDS if there is None else there.thresholds
    marks = st.text_input(
        "Alert at percent", ", ".join(str(each) for each in known), autocomplete="off",
        key=f"budget_thresholds_{scope}_{target}_{period}_{mode}",
    )  # fmt: skip
    with st.container(horizontal=True, horizontal_alignment="right"):
        if there is not None and st.button("Remove", key="budget_drop", help="Go back to what holds without it."):
            _act(visitor, visitor.stage.backend.drop_budget(visitor.person, there.id), "The limit is removed")
        if st.button("Cancel", key="budget_cancel"):
            forget_change()
            st.rerun()
        if st.button("Set", key="budget_do", type="primary", disabled=not (endless or limit.strip())):
            amount = None if endless else limit.strip()
            _set(visitor, BudgetOrder(scope=scope, target=target, period=period, limit=amount, mode=mode), marks)


def _there(views: Sequence[BudgetView], place: tuple[str, str, str, str]) -> Budget | None:
    """Return the limit that somebody set in that place."""
    return next(
        (
            each.budget
            for each in views
            if each.own and (each.budget.scope, each.budget.target, each.budget.period, each.budget.mode) == place
        ),
        None,
    )


def _target(visitor: Visitor, scope: BudgetScope, names: Mapping[str, str]) -> str:
    match scope:
        case "installation":
            return ""
        case "account":
            return st.selectbox("Account", list(names), format_func=names.__getitem__, key="budget_account") or ""
        case "provider" | "use_case":
            choices = visitor.stage.bridge.call(visitor.stage.backend.choices(visitor.person))
            known = choices.providers if scope == "provider" else tuple(each.name for each in choices.use_cases)
            return st.selectbox(KINDS[scope], known, key=f"budget_{scope}") or ""
        case "key":
            return st.text_input("Id of the API key", key="budget_key", autocomplete="off").strip()


def _set(visitor: Visitor, order: BudgetOrder, marks: str) -> None:
    pieces = [each.strip() for each in marks.split(",") if each.strip()]
    if not all(each.isascii() and each.isdigit() for each in pieces):
        st.error("Alerts are whole percentages, such as 50, 80, 100.", icon=":material/error:")
        return
    order = structs.replace(order, thresholds=tuple(int(each) for each in pieces))
    _act(visitor, visitor.stage.backend.set_budget(visitor.person, order), "The budget is set")


def _act(visitor: Visitor, act: Coroutine[Any, Any, object], said: str) -> None:
    try:
        visitor.stage.bridge.call(act)
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    forget_change()
    st.session_state[FLASH_KEY] = f"{said}; every process follows within 2 seconds."
    st.rerun()

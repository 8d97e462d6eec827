"""Setting, removing and resetting a rate limit: dialogs for those who may."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, cast

import streamlit as st

from console.format import literal, prose
from console.identity import Visitor, require
from console.limits.words import KINDS, owner_of
from router_core.admin.limit_desk import LimitOrder, LimitView
from router_core.errors import LLMError
from router_core.types import LimitScope

__all__ = ["FLASH_KEY", "offer_edit", "offer_reset", "order_of"]

FLASH_KEY: Final = "limit_flash"
OPEN_KEY: Final = "limit_open"
_FIELDS: Final = {
    "requests_per_second": "Requests a second", "burst": "Requests at once", "tokens_per_minute": "Tokens a minute",
    "concurrency": "Requests under way",
}  # fmt: skip


def offer_edit(visitor: Visitor, names: Mapping[str, str], views: Sequence[LimitView]) -> None:
    """Draw the button, and the dialog once it was pressed."""
    st.button("Set a limit", key="limit_change", icon=":material/tune:", on_click=_open, args=("edit",))
    if st.session_state.get(OPEN_KEY) == "edit":
        st.dialog("Set a rate limit", icon=":material/tune:", on_dismiss=_close)(_edit)(visitor, names, views)


def offer_reset(visitor: Visitor, names: Mapping[str, str], views: Sequence[LimitView]) -> None:
    """Draw the button, and the dialog once it was pressed."""
    st.button("Reset", key="limit_reset", icon=":material/restart_alt:", on_click=_open, args=("reset",))
    if st.session_state.get(OPEN_KEY) == "reset":
        st.dialog("Reset a rate limit", icon=":material/restart_alt:", on_dismiss=_close)(_reset)(visitor, names, views)


def order_of(fields: Mapping[str, str]) -> LimitOrder:
    """Return what ``fields`` say, empty ones for no limit. Raises ``ValueError`` that names what is no number."""
    found: dict[str, Any] = {}
    for name, text in fields.items():
        plain = text.strip().replace(",", "")
        if not plain:
            continue
        try:
            found[name] = float(plain) if name == "requests_per_second" else int(plain)
        except ValueError:
            raise ValueError(f"{_FIELDS[name]} is a number, or empty for no limit.") from None
    return LimitOrder(**found)


def _edit(_: Visitor, names: Mapping[str, str], views: Sequence[LimitView]) -> None:
    visitor = require("budgets", touch=True)
    scope, target = _target(visitor, names)
    there = next((each for each in views if (each.limit.scope, each.limit.target) == (scope, target)), None)
    st.caption("Empty is no limit of that kind; an account without requests a second has the default.")
    texts = {}
    for name, label in _FIELDS.items():
        known = getattr(there.limit, name) if there is not None else None
        value = "" if known is None else f"{known:g}" if name == "requests_per_second" else str(known)
        key = f"limit_{name}_{scope}_{target}"
        texts[name] = st.text_input(label, value, key=key, autocomplete="off", max_chars=12)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if there is not None and there.own and st.button("Remove", key="limit_drop"):
            act = visitor.stage.backend.limiting.drop_limit(scope, target, visitor.person)
            _act(visitor, act, "The limit is removed; every process follows within 2 seconds.")
        if st.button("Cancel", key="limit_cancel"):
            _close()
            st.rerun()
        if not st.button("Set", key="limit_do", type="primary", disabled=not target):
            return
    try:
        order = order_of(texts)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    act = visitor.stage.backend.limiting.set_limit(scope, target, order, visitor.person)
    _act(visitor, act, "The limit is set; every process follows within 2 seconds.")


def _target(visitor: Visitor, names: Mapping[str, str]) -> tuple[LimitScope, str]:
    scope = cast("LimitScope", st.selectbox("Whose", list(KINDS), format_func=KINDS.__getitem__, key="limit_scope"))
    if scope == "account":
        return scope, st.selectbox("Account", list(names), format_func=names.__getitem__, key="limit_account") or ""
    if scope == "key":
        return scope, st.text_input("Id of the API key", key="limit_key", autocomplete="off").strip()
    choices = visitor.stage.bridge.call(visitor.stage.backend.choices(visitor.person))
    known = choices.providers if scope == "provider" else tuple(each.name for each in choices.use_cases)
    return scope, st.selectbox(KINDS[scope], known, key=f"limit_{scope}") or ""


def _reset(_: Visitor, names: Mapping[str, str], views: Sequence[LimitView]) -> None:
    visitor = require("budgets", touch=True)
    limited = [each for each in views if each.buckets]
    if not limited:
        st.markdown("Nothing is limited.")
        return
    chosen = st.selectbox(
        "Whose", range(len(limited)), key="limit_reset_target", format_func=lambda at: owner_of(limited[at], names)
    )
    limit, whose = limited[chosen].limit, owner_of(limited[chosen], names)
    st.markdown(f"Every bucket of **{literal(whose)}** is full again at once, in every process that shares it.")
    typed = st.text_input("Type **reset** to confirm", key="limit_confirm", autocomplete="off", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="limit_reset_cancel"):
            _close()
            st.rerun()
        pressed = st.button("Reset", key="limit_reset_do", type="primary", disabled=typed.strip() != "reset")
    if pressed and typed.strip() == "reset":
        act = visitor.stage.backend.limiting.reset_limit(limit.scope, limit.target, visitor.person)
        _act(visitor, act, f"The buckets of {prose(whose)} are full.")


def _act(visitor: Visitor, act: Coroutine[Any, Any, object], said: str) -> None:
    try:
        visitor.stage.bridge.call(act)
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    _close()
    st.session_state[FLASH_KEY] = said
    st.rerun()


def _open(which: str) -> None:
    st.session_state[OPEN_KEY] = which


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)

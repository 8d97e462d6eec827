"""The dialogs of API keys: make, roll, change, revoke. Each checks again who is there.

A new key is drawn in the run that made it and kept nowhere: the next run does not know it any more.
"""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from console.access.key_words import LIFE_SPANS, end_of
from console.attempt import attempted
from console.format import literal
from console.identity import Visitor, require
from router_core.admin.key_views import KeyChange, KeyChoices, KeyOrder, KeyView, MadeKey, RollOrder
from router_core.types import KeyRole, KeyScopes

__all__ = ["KeyDialog", "draw_dialog", "open_dialog", "take_flash"]

OPEN_KEY: Final = "key_open"
FLASH_KEY: Final = "key_flash"
SHOWN_KEY: Final = "key_shown"
MOST_NAME: Final = 100
Kind = Literal["make", "roll", "change", "revoke"]
TITLES: Final[Mapping[Kind, tuple[str, str]]] = {
    "make": ("New API key", ":material/add:"), "roll": ("Roll an API key", ":material/autorenew:"),
    "change": ("Change an API key", ":material/edit:"), "revoke": ("Revoke an API key", ":material/block:"),
}  # fmt: skip
ROLES: Final[Mapping[KeyRole, str]] = {
    "service": "Service: calls the router for its account",
    "admin": "Admin: does what admins do, for every account",
}
GRACES: Final[Mapping[str, int]] = {
    "None, it ends now": 0, "1 hour": 3_600, "24 hours": 86_400, "7 days": 604_800, "30 days": 2_592_000,
}  # fmt: skip
_KEPT: Final = "Stays as it is"


class KeyDialog(NamedTuple):
    """What a person is about to do, to which key; none yet when they make one."""

    kind: Kind
    key_id: str = ""


def open_dialog(dialog: KeyDialog) -> None:
    """Have ``dialog`` drawn in the run that follows."""
    st.session_state[OPEN_KEY] = dialog


def take_flash() -> str | None:
    """Return once what was done."""
    said: str | None = st.session_state.pop(FLASH_KEY, None)
    return said


def draw_dialog(keys: Sequence[KeyView]) -> None:
    """Draw the dialog that was opened, if its key is still there."""
    dialog: KeyDialog | None = st.session_state.get(OPEN_KEY)
    if dialog is None:
        return
    title, icon = TITLES[dialog.kind]
    opened = st.dialog(title, icon=icon, on_dismiss=_close)
    if dialog.kind == "make":
        opened(_make)()
        return
    key = next((each for each in keys if each.id == dialog.key_id), None)
    if key is None:
        _close()
        return
    opened({"roll": _roll, "change": _change, "revoke": _revoke}[dialog.kind])(key)


def _make() -> None:
    visitor = require("access", touch=True)
    _leave_shown()
    call, backend = visitor.stage.bridge.call, visitor.stage.backend
    choices = call(backend.api_keys.choices(visitor.person))
    form = st.empty()
    with form.container():
        names = {each.id: each.name for each in choices.accounts}
        account = st.selectbox("Account that pays", list(names), format_func=names.__getitem__, key="key_account")
        name = st.text_input(
            "Name", key="key_name", max_chars=MOST_NAME, autocomplete="off", placeholder="nightly reports"
        )
        role = st.radio("What it may do", list(ROLES), format_func=ROLES.__getitem__, key="key_role")
        life = st.segmented_control("Ends after", list(LIFE_SPANS), default="90 days", required=True, key="key_life")
        scopes = _scopes(choices)
        pressed = _buttons("Make the key", "key_make_do", disabled=account is None)
    if not pressed or account is None:
        return
    order = KeyOrder(
        account_id=account, role=role, name=name, expires_at=end_of(life, visitor.stage.clock.utcnow()), scopes=scopes
    )
    _show_once(visitor, form, backend.api_keys.make(order, visitor.person))


def _scopes(choices: KeyChoices) -> KeyScopes:
    def chosen(label: str, names: Sequence[str], key: str) -> tuple[str, ...] | None:
        return tuple(st.multiselect(label, names, key=key, placeholder="All")) or None

    with st.expander("Limits"):
        return KeyScopes(
            models=chosen("Models that may serve it", choices.models, "key_models"),
            use_cases=chosen("Use cases that it may ask for", choices.use_cases, "key_use_cases"),
            routes=chosen("Paths of the API that it may use", choices.routes, "key_routes"),
        )


def _roll(key: KeyView) -> None:
    visitor = require("access", touch=True)
    _leave_shown()
    form = st.empty()
    with form.container():
        st.markdown(
            f"A new key takes the place of **{literal(key.name)}** of {literal(key.account)}: same account, role, "
            "name, limits and length of life. It works at once, the old one until its grace ends."
        )
        grace = st.selectbox("Grace of the old key", list(GRACES), index=2, key="key_grace")
        pressed = _buttons("Roll the key", "key_roll_do")
    if pressed:
        order = RollOrder(grace_s=GRACES[grace])
        _show_once(visitor, form, visitor.stage.backend.api_keys.roll(key.id, order, visitor.person))


def _change(key: KeyView) -> None:
    visitor = require("access", touch=True)
    name = st.text_input("Name", key.name, key=f"key_name_{key.id}", max_chars=MOST_NAME, autocomplete="off")
    change = KeyChange(name=name)
    if key.state == "active":
        life = st.segmented_control(
            "Ends after, from today", [_KEPT, *LIFE_SPANS], default=_KEPT, required=True, key=f"key_life_{key.id}"
        )
        if life != _KEPT:
            change = KeyChange(name=name, expires_at=end_of(life, visitor.stage.clock.utcnow()))
    if _buttons("Save", "key_change_do"):
        act = visitor.stage.backend.api_keys.change(key.id, change, visitor.person)
        _done(visitor, act, "The key is changed.")


def _revoke(key: KeyView) -> None:
    visitor = require("access", touch=True)
    st.markdown(
        f"**{literal(key.name)}** of {literal(key.account)} (`{key.prefix}…`) is refused from its next request on, in "
        "every process within 5 seconds. That cannot be undone."
    )
    typed = st.text_input("Type **revoke** to confirm", key=f"key_confirm_{key.id}", autocomplete="off", live=True)
    if _buttons("Revoke", "key_revoke_do", disabled=typed.strip() != "revoke") and typed.strip() == "revoke":
        act = visitor.stage.backend.api_keys.revoke(key.id, visitor.person)
        _done(visitor, act, "The key is revoked; every process follows within 5 seconds.")


def _show_once(visitor: Visitor, form: DeltaGenerator, act: Coroutine[Any, Any, MadeKey]) -> None:
    """Do ``act`` and draw the key that it made instead of ``form``; nothing here outlives this run."""
    found: list[MadeKey] = []

    def make() -> str:
        found.append(visitor.stage.bridge.call(act))
        return found[0].id

    if attempted(make) is None:
        return
    st.session_state[SHOWN_KEY] = True
    form.empty()
    st.warning(
        "**Copy the key now: it is not shown again.** Keep it where secrets are kept, not in code or mail.",
        icon=":material/visibility_off:",
    )
    st.code(found[0].key, language=None, wrap_lines=True)
    st.button("I have copied it", key="key_copied", type="primary")


def _leave_shown() -> None:
    """End the dialog where the run before showed a new key, which is known no more."""
    if st.session_state.get(SHOWN_KEY):
        _close()
        st.rerun()


def _done(visitor: Visitor, act: Coroutine[Any, Any, object], said: str) -> None:
    def do() -> str:
        visitor.stage.bridge.call(act)
        return said

    if attempted(do) is not None:
        _close()
        st.session_state[FLASH_KEY] = said
        st.rerun()


def _buttons(label: str, key: str, *, disabled: bool = False) -> bool:
    """Draw the way out and the way on; return whether the latter was taken."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key=f"{key}_not"):
            _close()
            st.rerun()
        return st.button(label, key=key, type="primary", disabled=disabled)


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)
    st.session_state.pop(SHOWN_KEY, None)

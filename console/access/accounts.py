"""Accounts on the Access screen: what there is, and the way to make, change and remove one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st
from msgspec import structs

from console.access.orders import close, confirmed, finish, opened, picked, place, require_unchanged, seen, take_words
from console.format import count, literal, moment, zone_of
from console.identity import Visitor, require
from router_core.admin.people_views import AccountChange, AccountOrder, AccountView
from router_core.security.permissions import allows
from router_core.types import Redaction

__all__ = ["account_rows", "show_accounts"]

_STATES: Final = {True: "active", False: "out of service"}
_COLUMNS: Final = {
    "Name": st.column_config.TextColumn(width=240),
    "State": st.column_config.MultiselectColumn(options=list(_STATES.values()), color=["green", "gray"], width=130),
    "Time zone": st.column_config.TextColumn(width=160),
    "People": st.column_config.TextColumn(width=80, alignment="right"),
    "Keys": st.column_config.TextColumn(width=80, alignment="right"),
    "Keeps content": st.column_config.TextColumn(width=120),
    "Since": st.column_config.TextColumn(width=130),
}


def show_accounts(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    take_words()
    found = visitor.stage.bridge.call(visitor.stage.backend.accounts.accounts(visitor.person))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Accounts", anchor=False, width="content")
        st.button(
            "New account", key="access_new_account", icon=":material/add:", type="primary", on_click=place,
            args=("new account",),
        )  # fmt: skip
    if not found:
        st.info("There is no account yet. Make one; keys and people belong to accounts.", icon=":material/domain:")
    else:
        st.caption("Who pays: keys, people and budgets belong to accounts. Pick a row to change it.")
        rows = account_rows(found, zone_of(st.context.timezone), visitor.stage.clock.utcnow())
        chosen = picked(rows, "accounts", "Accounts, by name", _COLUMNS)
        if chosen is not None and opened() is None:
            place("account", found[chosen].id)
    _dialog({each.id: each for each in found})


def account_rows(accounts: Sequence[AccountView], zone: ZoneInfo, now: datetime) -> list[dict[str, object]]:
    """Return one row for each account; times are in ``zone``."""
    return [
        {
            "Name": each.name,
            "State": [_STATES[each.is_active]],
            "Time zone": each.timezone,
            "People": count(each.people),
            "Keys": count(each.keys),
            "Keeps content": "yes" if each.keeps_content else "no",
            "Since": moment(each.created_at, zone, now),
        }
        for each in accounts
    ]


def _dialog(accounts: dict[str, AccountView]) -> None:
    match opened():
        case ("new account", _):
            st.dialog("New account", icon=":material/domain:", on_dismiss=close)(_create)()
        case ("account", account_id) if account_id in accounts:
            drawer = st.dialog(literal(accounts[account_id].name), position="right", width="medium", on_dismiss=close)
            drawer(_change)(accounts[account_id])


def _create() -> None:
    visitor = require("access", touch=True)
    name = st.text_input("Name", key="access_account_name", autocomplete="off", max_chars=100)
    zone = _zone("access_account_zone", "UTC")
    if not _pressed("Make account", "access_account_do", disabled=not name.strip()):
        return

    def act() -> str:
        order = AccountOrder(name=name, timezone=zone)
        visitor.stage.bridge.call(visitor.stage.backend.accounts.create(order, visitor.person))
        return f"The account {literal(name.strip())} is there."

    finish(act)


def _change(account: AccountView) -> None:
    visitor, key, account = require("access", touch=True), account.id, seen(account)
    name = st.text_input("Name", account.name, key=f"access_name_{key}", autocomplete="off", max_chars=100)
    zone = _zone(f"access_zone_{key}", account.timezone)
    keeps = st.toggle(
        "Keep prompts and answers", account.keeps_content, key=f"access_keeps_{key}",
        help="In the audit log, of requests from now on.",
    )  # fmt: skip
    personal = st.toggle(
        "Take personal data out", account.redaction == "personal", key=f"access_personal_{key}",
        help="E-mail addresses, phone and card numbers leave stored text; secrets always do.",
    )  # fmt: skip
    active = st.toggle(
        "In service", account.is_active, key=f"access_in_service_{key}",
        help="Out of service its keys are refused within 5 seconds; nothing is lost.",
    )  # fmt: skip
    redaction: Redaction = "personal" if personal else "secrets"
    is_same = (name.strip(), zone, keeps, redaction, active) == (
        account.name, account.timezone, account.keeps_content, account.redaction, account.is_active,
    )  # fmt: skip
    if _pressed("Save", "access_account_save", disabled=is_same or not name.strip()):
        change = AccountChange(name=name, timezone=zone, keeps_content=keeps, redaction=redaction, is_active=active)

        def act() -> str:
            accounts = visitor.stage.backend.accounts
            found = visitor.stage.bridge.call(accounts.accounts(visitor.person))
            require_unchanged([_settled(account)], [_settled(each) for each in found if each.id == account.id])
            visitor.stage.bridge.call(accounts.change(account.id, change, visitor.person))
            return f"{literal(name.strip())} is changed; in force everywhere within 5 seconds."

        finish(act)
    with st.expander("Delete", icon=":material/delete:"):
        _remove(visitor, account)


def _settled(account: AccountView) -> AccountView:
    """Return ``account`` without what changes by itself."""
    return structs.replace(account, people=0, keys=0)


def _remove(visitor: Visitor, account: AccountView) -> None:
    st.caption(
        "For good: its keys are revoked, nobody belongs to it any more, and its name is free. "
        "What was spent and recorded stays."
    )
    if not allows(visitor.person, "accounts.delete"):
        st.caption("Only an owner deletes accounts.")
        return
    if not confirmed("Delete account", account.name, "access_account_remove"):
        return

    def act() -> str:
        visitor.stage.bridge.call(visitor.stage.backend.accounts.remove(account.id, visitor.person))
        return f"{literal(account.name)} is deleted."

    finish(act)


def _zone(key: str, zone: str) -> str:
    known = sorted({*available_timezones(), zone})
    return st.selectbox("Time zone of its days and months", known, known.index(zone), key=key)


def _pressed(label: str, key: str, *, disabled: bool) -> bool:
    back, on = st.columns(2)
    if back.button("Cancel", key=f"{key}_cancel", width="stretch"):
        close()
        st.rerun()
    return on.button(label, key=key, type="primary", width="stretch", disabled=disabled)

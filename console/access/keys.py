"""API keys on the Access screen: whose they are, what they reach, when they were used, and the way to change that."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.access.key_dialogs import KeyDialog, draw_dialog, open_dialog, take_flash
from console.access.key_words import NOTICE_WORDS, STATES, dates, limits, woken_sentence
from console.format import count, literal, zone_of
from console.identity import Visitor
from console.status import badge
from router_core.admin.key_views import KeyView

__all__ = ["show_keys"]

A_PAGE: Final = 20
MOST_NEWS: Final = 3
SHOWN: Final = ("That work", "All")


def show_keys(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    flash = take_flash()
    if flash:
        st.toast(flash, icon=":material/check:")
    stage, zone = visitor.stage, zone_of(st.context.timezone)
    keys, now = stage.bridge.call(stage.backend.api_keys.list(visitor.person)), stage.clock.utcnow()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("API keys", anchor=False)
        st.button(
            "New key", key="key_make", type="primary", icon=":material/add:", on_click=open_dialog,
            args=(KeyDialog("make"),),
        )  # fmt: skip
    for each in [each for each in keys if "woken" in each.notices][:MOST_NEWS]:
        st.warning(woken_sentence(each, zone, now), icon=":material/notification_important:")
    if keys:
        _tiles(keys)
        _list(_chosen(keys), zone, now)
    else:
        st.info("There is no API key yet. Programs call the router with one: make the first.", icon=":material/key:")
    draw_dialog(keys)


def _tiles(keys: Sequence[KeyView]) -> None:
    working = [each for each in keys if each.state in ("active", "ending")]
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric("Working keys", count(len(working)), border=True)
        st.metric("Never used", count(sum(each.last_used_at is None for each in working)), border=True)
        soon = sum("expiring" in each.notices for each in working)
        st.metric("End within 7 days", count(soon), border=True, help="Roll them in time.")
        old = sum("old" in each.notices for each in working)
        st.metric("Older than 90 days", count(old), border=True, help="Roll them: nobody knows where a key has been.")


def _chosen(keys: Sequence[KeyView]) -> Sequence[KeyView]:
    """Return the keys that the filters leave."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        accounts = {each.account_id: each.account for each in keys}
        account = st.selectbox(
            "Account", ["", *accounts], key="key_of", bind="query-params", width=260,
            format_func=lambda id: accounts.get(id, "All accounts"),
        )  # fmt: skip
        shown = st.segmented_control("Show", SHOWN, default=SHOWN[0], required=True, key="key_which")
    return [
        each
        for each in keys
        if account in ("", each.account_id) and (shown == SHOWN[1] or each.state in ("active", "ending"))
    ]


def _list(keys: Sequence[KeyView], zone: ZoneInfo, now: datetime) -> None:
    if not keys:
        st.caption("No key is like that.")
        return
    pages = -(-len(keys) // A_PAGE)
    page = st.pagination(pages, key="key_page") if pages > 1 else 1
    for key in keys[(page - 1) * A_PAGE : page * A_PAGE]:
        _card(key, zone, now)


def _card(key: KeyView, zone: ZoneInfo, now: datetime) -> None:
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width=640, gap="xsmall"):
            marks = [STATES[key.state], *(NOTICE_WORDS[each] for each in key.notices)]
            st.markdown(f"**{literal(key.name)}** &nbsp; {' '.join(map(badge, marks))}")
            st.caption(f"{key.prefix}… · {literal(key.account)} · {key.role} · {dates(key, zone, now)}")
            limited = limits(key)
            if limited:
                st.caption(f"Limited to {limited}")
        if key.state in ("active", "ending"):
            with st.container(horizontal=True, width="content"):
                if key.state == "active":
                    _button("Roll", KeyDialog("roll", key.id))
                _button("Change", KeyDialog("change", key.id))
                _button("Revoke", KeyDialog("revoke", key.id))


def _button(label: str, dialog: KeyDialog) -> None:
    st.button(label, key=f"key_{dialog.kind}_{dialog.key_id}", on_click=open_dialog, args=(dialog,))

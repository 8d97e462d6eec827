"""The keys of one provider: where they come from, how each of them is, and what can be done about it."""

from datetime import datetime
from typing import Any, Final

import streamlit as st

from console.format import ago, duration, literal
from console.identity import Visitor
from console.providers.dialogs import ask
from console.providers.documents import Document
from router_core.admin.configuration_views import ProviderView
from router_core.admin.provider_key_views import StoredKeyView

__all__ = ["KEY_VARIABLES", "draw_keys", "leads_to"]

KEY_VARIABLES: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
BOUND_BY: Final = ("kind", "baseUrl", "accountId")
STATES: Final = {
    "ready": ":green-badge[:material/check: Ready]",
    "resting": ":orange-badge[:material/hourglass: Resting]",
    "refused": ":red-badge[:material/block: Refused]",
    "disabled": ":gray-badge[:material/pause: Disabled]",
    "elsewhere": ":orange-badge[:material/link_off: For another place]",
    "unreadable": ":red-badge[:material/lock: Unreadable]",
}


def draw_keys(visitor: Visitor, row: Document, view: ProviderView | None) -> None:
    """Draw the keys of a provider that is in force as ``view``, None for one that is only in the draft."""
    with st.container(border=True, key="providers_keys"):
        st.markdown("**Keys**")
        if view is None:
            st.caption("Apply your draft first: keys are for a provider that is in force.")
            return
        st.markdown(_source(view))
        for text in view.key.notices:
            st.warning(literal(text), icon=":material/key_off:")
        if any(row.get(name) != view.entry.get(name) for name in BOUND_BY):
            st.caption(
                ":orange[:material/edit_note: Your draft changes where requests go. Keys stay behind: enter them again "
                "once it is applied.]"
            )
        desk = visitor.stage.backend.provider_keys
        now = visitor.stage.clock.utcnow()
        for key in visitor.stage.bridge.call(desk.keys(view.entry["name"], visitor.person)):
            _draw_key(key, view.entry["id"], now)
        st.button("Add a key", key="providers_key_add", on_click=ask, args=("add key", view.entry["id"]),
                  icon=":material/add:")  # fmt: skip
        st.caption(_rule(view))


def leads_to(entry: Any) -> str:
    """Return in words where requests of a provider's entry go."""
    return entry["baseUrl"] or "the vendor's own host"


def _source(view: ProviderView) -> str:
    mask = f" · `{view.key.mask}`" if view.key.mask else ""
    variable = literal(KEY_VARIABLES.get(view.entry["kind"], ""))
    match view.key.source:
        case "environment":
            return f"In use: from the server's environment, **{variable}**{mask}"
        case "stored" if view.key.stored > 1:
            return f"In use: **{view.key.stored} stored keys**, drawn by weight"
        case "stored":
            return f"In use: **the stored key**{mask}"
        case _:
            return "**None in use:** no request goes to it"


def _rule(view: ProviderView) -> str:
    variable = literal(KEY_VARIABLES.get(view.entry["kind"], ""))
    if view.entry["accountId"] is None:
        order = f"{variable} of the server's environment goes first on the vendor's own host, stored keys next."
    else:
        order = f"A stored key goes first; {variable} of the environment is used only while none is stored."
    return (
        f"{order} Keys are sealed when they are saved and cannot be seen again. What is done here is in force at once."
    )


def _draw_key(key: StoredKeyView, row_id: str, now: datetime) -> None:
    with st.container(border=True, gap="xsmall", key=f"providers_key_{key.id}"):
        state = STATES[key.state]
        if key.state == "resting":
            state = f"{state} :small[for another {duration(key.resting_ms)}]"
        label = f" **{literal(key.label)}**" if key.label else ""
        old = " :orange-badge[:material/history: Old]" if key.is_old else ""
        st.markdown(f"`{key.mask}`{label} {state}{old}")
        used = "never used" if key.last_used_at is None else f"used {_ago(key.last_used_at, now)}"
        entered = f"entered {_ago(key.entered_at, now)} by {literal(key.created_by)}"
        st.caption(f"Weight {key.weight} · {entered} · {used}")
        with st.container(horizontal=True, gap="xsmall"):
            turn, icon = ("disable key", "pause") if key.is_active else ("enable key", "play_arrow")
            offers = (
                ("Replace", "replace key", "sync"), ("Change", "change key", "edit"),
                (turn.split()[0].capitalize(), turn, icon), ("Delete", "delete key", "delete"),
            )  # fmt: skip
            for text, kind, sign in offers:
                st.button(
                    text, key=f"providers_{kind.replace(' ', '_')}_{key.id}", on_click=ask,
                    args=(kind, row_id, key.id), icon=f":material/{sign}:", type="tertiary",
                )  # fmt: skip


def _ago(at: datetime, now: datetime) -> str:
    return ago((now - at).total_seconds())

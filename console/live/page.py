"""The frame of the Live screen: range, choice, the switch, and the figures that renew themselves."""

import streamlit as st

from console.format import literal
from console.identity import require
from console.live.board import draw_live
from console.live.reset import offer_reset
from console.live.scope import LIVE_KEY, Scope, pick_choice, pick_range
from console.time_range import forget_range
from router_core.errors import ValidationError

__all__ = ["draw_page"]

REFRESH_S = 2


def draw_page() -> None:
    """Draw the page for who may see it."""
    visitor = require("live")
    try:
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.title("Live", anchor=False, width="content")
            with st.container(
                horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"
            ):
                window, between = pick_range(visitor)
                live = st.toggle(
                    "Live", value=True, key=LIVE_KEY, bind="query-params", help=f"Refresh every {REFRESH_S} seconds"
                )
        chosen = pick_choice(visitor, window, between)
    except ValidationError as error:
        st.warning(literal(error.message), icon=":material/help:")
        st.button("Show the last hour", on_click=forget_range)
        return
    if said := st.session_state.pop("live_flash", None):
        st.toast(said, icon=":material/check_circle:")
    st.fragment(draw_live, run_every=REFRESH_S if live else None)(Scope(window, between, chosen))
    offer_reset()

"""The frame of the Live screen: range, choice, the switch, and the figures that renew themselves."""

import streamlit as st

from console.format import literal
from console.identity import require
from console.live.board import draw_live
from console.live.picking import leads_away
from console.live.reset import forget_reset, offer_reset
from console.live.scope import drop_range, narrowed, pick_range, release_range
from router_core.errors import ValidationError

__all__ = ["draw_page", "leave_page"]

REFRESH_S = 2
SCREEN = "live"


def draw_page() -> None:
    """Draw the page for who may see it."""
    visitor = require("live")
    try:
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.title("Live", anchor=False, width="content")
            with st.container(
                horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"
            ):
                scope = pick_range(visitor)
                # A range that is over does not change, and is read whole each time.
                live = scope.between is None and st.toggle(
                    "Live", value=True, key="live_live", bind="query-params", help=f"Refresh every {REFRESH_S} seconds"
                )
        scope = narrowed(visitor, scope)
    except ValidationError as error:
        st.warning(literal(error.message), icon=":material/help:")
        st.button("Show the last hour", on_click=release_range)
        return
    if said := st.session_state.pop("live_flash", None):
        st.toast(said, icon=":material/check_circle:")
    leaving = leads_away()
    st.fragment(draw_live, run_every=REFRESH_S if live and not leaving else None)(scope)
    offer_reset()


def leave_page(screen: str) -> None:
    """Forget the open dialog and the range when the person went to another ``screen``."""
    if screen != SCREEN:
        forget_reset()
        drop_range()

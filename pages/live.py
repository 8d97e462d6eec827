"""Live: traffic, errors, latency, money and load of all processes."""

import streamlit as st

from console.identity import require
from console.live.board import draw_live, pick_window
from console.live.reset import offer_reset

require("live")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.title("Live", anchor=False, width="content")
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"):
        window = pick_window()
        live = st.toggle("Live", value=True, key="live_live", bind="query-params", help="Refresh every 2 seconds")
if said := st.session_state.pop("live_flash", None):
    st.toast(said, icon=":material/check_circle:")
st.fragment(draw_live, run_every=2 if live else None)(window)
offer_reset()

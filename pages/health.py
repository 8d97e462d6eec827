"""Health: how every provider is, what its breaker does, and drills."""

import streamlit as st

from console.health.board import draw_health, pick_window
from console.health.dialogs import draw_order
from console.health.orders import open_order
from console.identity import require

visitor = require("health")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.title("Health", anchor=False, width="content")
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"):
        window = pick_window()
        live = st.toggle("Live", value=True, key="health_live", bind="query-params", help="Refresh every 2 seconds")
order = open_order()
if order is not None:
    draw_order(order)
st.fragment(draw_health, run_every=2 if live else None)(window)

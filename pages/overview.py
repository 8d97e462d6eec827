"""Overview: what the router did in the last hour, and what needs attention."""

import streamlit as st

from console.identity import require
from console.overview.board import draw_overview

require("overview")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.title("Overview", anchor=False, width="content")
    live = st.toggle("Live", value=True, key="overview_live", bind="query-params", help="Refresh every 2 seconds")
st.fragment(draw_overview, run_every=2 if live else None)()

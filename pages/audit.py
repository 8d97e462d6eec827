"""Audit log: every request and every act, filtered, paged, exported."""

import streamlit as st

from console.audit.board import draw_audit
from console.identity import require

require("audit", touch=True)
st.title("Audit log", anchor=False)
draw_audit()

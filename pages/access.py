"""Access: who may do what here: people, accounts, sessions and keys."""

import streamlit as st

from console.access.page import draw_access
from console.identity import require

require("access", touch=True)
st.title("Access", anchor=False)
draw_access()

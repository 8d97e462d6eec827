"""Budgets: what was spent on what, what may be spent, and the alerts in between."""

import streamlit as st

from console.budgets.page import draw_budgets
from console.identity import require

require("budgets", touch=True)
st.title("Budgets", anchor=False)
draw_budgets()

"""Providers: who serves what, edited as a draft, put in force as a version."""

import streamlit as st

from console.identity import require
from console.providers.page import draw_providers

require("providers", touch=True)
st.title("Providers", anchor=False)
draw_providers()

"""Playground: one prompt through the real router."""

import streamlit as st

from console.identity import require
from console.playground.parameters import choose_parameters
from console.playground.workbench import draw_workbench

visitor = require("playground")
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Playground", anchor=False, width="content")
work, settings = st.columns([2, 1], gap="medium")
with settings.container(border=True, key="playground_parameters"):
    parameters = choose_parameters(visitor.stage.bridge.call(visitor.stage.backend.choices(visitor.person)))
with work:
    draw_workbench(visitor, parameters)

"""The ASGI program of ``signalbox console``: the console without an API of its own."""

import streamlit as st

from console.assembly import report_error
from console.assets import main_script
from console.remote.assembly import lifespan, middleware, routes

app = st.App(
    main_script(),
    routes=routes(),
    middleware=middleware(),
    lifespan=lifespan,
    on_script_error=report_error,
)

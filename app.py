"""The ASGI program: console and API on one port. ``streamlit run app.py`` and ``signalbox up`` both serve it."""

import streamlit as st

from console.assembly import console_middleware, console_routes, report_error
from console.assets import main_script
from signalbox.asgi import api_middleware, lifespan

app = st.App(
    main_script(),
    routes=console_routes(),
    middleware=[api_middleware(), console_middleware()],
    lifespan=lifespan,
    on_script_error=report_error,
)

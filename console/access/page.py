"""Draws the Access screen: one of its views at a time."""

from typing import Final

import streamlit as st

from console.access.accounts import show_accounts
from console.access.keys import show_keys
from console.access.people import show_people
from console.access.sessions import show_sessions
from console.identity import require
from console.recorder_banner import draw_unreadable
from router_core.errors import OverloadedError

__all__ = ["draw_access"]

VIEWS: Final = {"People": show_people, "Accounts": show_accounts, "Sessions": show_sessions, "Keys": show_keys}


def draw_access() -> None:
    """Check who is there and draw the view that they ask for."""
    visitor = require("access")
    view = st.segmented_control(
        "View", list(VIEWS), key="view", bind="query-params", default="People",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    try:
        VIEWS[view](visitor)
    except OverloadedError:
        draw_unreadable(view)

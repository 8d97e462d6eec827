"""Does what a dialog was asked for, and says why when it fails."""

from collections.abc import Callable

import streamlit as st

from console.format import prose
from router_core.errors import LLMError

__all__ = ["attempted"]


def attempted(act: Callable[[], str]) -> str | None:
    """Return what ``act`` has to say; None once its error is on the page."""
    try:
        return act()
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return None

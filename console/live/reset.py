"""Resetting the metrics: only with the word typed, and on record."""

from typing import Final

import streamlit as st

from console.format import prose
from console.identity import require
from router_core.errors import LLMError

__all__ = ["forget_reset", "offer_reset"]

WORD: Final = "reset"
OPEN_KEY: Final = "live_reset_open"


def offer_reset() -> None:
    """Draw the button for those who may, and the dialog once it was pressed."""
    visitor = require("live")
    if not visitor.stage.backend.may_control(visitor.person, "metrics"):
        return
    st.button("Reset metrics", key="live_reset", on_click=_open, type="tertiary", icon=":material/restart_alt:")
    if st.session_state.get(OPEN_KEY):
        st.dialog("Reset metrics", icon=":material/restart_alt:", on_dismiss=_close)(_draw)()


def forget_reset() -> None:
    """Close the dialog."""
    _close()


def _draw() -> None:
    visitor = require("live", touch=True)
    st.markdown(
        "The figures of `GET /api/llm/metrics` begin anew, in every process. Charts, ledger and audit log stay as they "
        "are, and so do Prometheus' counters. The reset goes on record with your name."
    )
    typed = st.text_input(f"Type **{WORD}** to confirm", key="live_reset_word", autocomplete="off", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="live_reset_cancel"):
            _close()
            st.rerun()
        if st.button("Reset metrics", key="live_reset_do", type="primary", disabled=typed.strip() != WORD):
            try:
                visitor.stage.bridge.call(visitor.stage.backend.reset_metrics(visitor.person))
            except LLMError as error:
                st.error(prose(error.message), icon=":material/error:")
                return
            _close()
            st.session_state["live_flash"] = "The metrics are reset."
            st.rerun()


def _open() -> None:
    st.session_state[OPEN_KEY] = True


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)

"""API keys on the Access screen."""

import streamlit as st

from console.identity import Visitor

__all__ = ["show_keys"]


def show_keys(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    st.subheader("API keys", anchor=False)
    st.caption(f"{visitor.person.name} finds this on the command line: signalbox keys")

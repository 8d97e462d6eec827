"""Sessions on the Access screen."""

import streamlit as st

from console.identity import Visitor

__all__ = ["show_sessions"]


def show_sessions(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    st.subheader("Sessions", anchor=False)
    st.caption(f"{visitor.person.name} finds this on the command line: signalbox users disable")

"""People on the Access screen."""

import streamlit as st

from console.identity import Visitor

__all__ = ["show_people"]


def show_people(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    st.subheader("People", anchor=False)
    st.caption(f"{visitor.person.name} finds this on the command line: signalbox users")

"""Accounts on the Access screen."""

import streamlit as st

from console.identity import Visitor

__all__ = ["show_accounts"]


def show_accounts(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    st.subheader("Accounts", anchor=False)
    st.caption(f"{visitor.person.name} finds this on the command line: signalbox accounts")

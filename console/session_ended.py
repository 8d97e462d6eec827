"""What people see whose session is over."""

import streamlit as st

__all__ = ["show_ended"]


def show_ended() -> None:
    """Say that the session is over, and offer the way back."""
    with st.container(border=True, width=420, key="session_ended"):
        st.subheader("Session ended", icon=":material/logout:")
        st.markdown("You have been signed out, here or in another tab, or were away for too long.")
        st.link_button("Sign in again", "/auth/login", type="primary")

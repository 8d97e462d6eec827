"""Where a person is signed in, and the way to sign out everywhere else; for every role."""

from html import escape

import streamlit as st

from console.access.browsers import browser_words
from console.attempt import attempted
from console.format import ago
from console.identity import current_visitor, own_session
from console.session_ended import show_ended

__all__ = ["offer_own_sessions"]


def offer_own_sessions() -> None:
    """Draw the button, and the dialog when it was pressed."""
    if st.button("Your sessions", key="own_sessions", type="tertiary"):
        st.dialog("Where you are signed in", icon=":material/devices:")(_show)()


def _show() -> None:
    visitor = current_visitor(touch=True)
    if visitor is None:
        show_ended()
        return
    call, sessions, now = visitor.stage.bridge.call, visitor.stage.backend.sessions, visitor.stage.clock.utcnow()
    own = own_session(visitor)
    found = call(sessions.own(visitor.person))
    lines = (
        f'<div role="listitem" style="padding:.35rem 0"><strong>{escape(browser_words(each.browser))}</strong>'
        f'{" · this one" if each.id == own else ""}<br><span style="opacity:.72">{escape(each.address)} · '
        f"{escape(ago((now - each.last_seen_at).total_seconds()))}</span></div>"
        for each in found
    )
    st.html(f'<div role="list" aria-label="Your sessions">{"".join(lines)}</div>')
    others = [each for each in found if each.id != own]
    pressed = st.button("Sign out everywhere else", key="own_others", width="stretch", disabled=not others)
    if pressed and attempted(lambda: str(call(sessions.end_others(own, visitor.person)))) is not None:
        st.rerun()

"""Sessions on the Access screen: who is signed in where, and the way to end it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.access.browsers import browser_words
from console.access.orders import close, finish, opened, picked, place, take_words
from console.access.words import ROLES
from console.format import DASH, ago, literal, moment, zone_of
from console.identity import Visitor, own_session, require
from router_core.admin.people_views import SessionView

__all__ = ["session_rows", "show_sessions"]

_COLUMNS: Final = {
    "Person": st.column_config.TextColumn(width=260),
    "Role": st.column_config.TextColumn(width=140),
    "Browser": st.column_config.TextColumn(width=200),
    "Address": st.column_config.TextColumn(width=150),
    "Signed in": st.column_config.TextColumn(width=130),
    "Last act": st.column_config.TextColumn(width=120),
}


def show_sessions(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    take_words()
    found = visitor.stage.bridge.call(visitor.stage.backend.sessions.everybody(visitor.person))
    own = own_session(visitor)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Sessions", anchor=False, width="content")
        mine = [each for each in found if each.person_id == visitor.person.id and each.id != own]
        st.button(
            "Sign out my other sessions", key="access_others", icon=":material/logout:", disabled=not mine,
            on_click=place, args=("others",),
        )  # fmt: skip
    st.caption(
        "Where people are signed in. A session ends after 30 minutes without an act and after 12 hours in any case. "
        "Pick a row to end it."
    )
    if not found:
        st.info("Nobody is signed in.", icon=":material/devices:")
        return
    rows = session_rows(found, own, zone_of(st.context.timezone), visitor.stage.clock.utcnow())
    chosen = picked(rows, "sessions", "Sessions, newest act first", _COLUMNS)
    if chosen is not None and opened() is None:
        place("session", found[chosen].id)
    _dialog({each.id: each for each in found}, own)


def session_rows(sessions: Sequence[SessionView], own: str, zone: ZoneInfo, now: datetime) -> list[dict[str, object]]:
    """Return one row for each session; times are in ``zone``, ``own`` is the one that looks on."""
    return [
        {
            "Person": f"{each.email} (this one)" if each.id == own else each.email,
            "Role": ROLES[each.role],
            "Browser": browser_words(each.browser),
            "Address": each.address or DASH,
            "Signed in": moment(each.created_at, zone, now),
            "Last act": ago((now - each.last_seen_at).total_seconds()),
        }
        for each in sessions
    ]


def _dialog(sessions: dict[str, SessionView], own: str) -> None:
    match opened():
        case ("others", _):
            st.dialog("Sign out my other sessions", icon=":material/logout:", on_dismiss=close)(_end_others)(own)
        case ("session", session_id) if session_id in sessions:
            st.dialog("End this session", icon=":material/logout:", on_dismiss=close)(_end)(sessions[session_id], own)


def _end(session: SessionView, own: str) -> None:
    visitor = require("access", touch=True)
    where = f"{browser_words(session.browser)} at {session.address or 'an unknown address'}"
    st.markdown(f"**{literal(session.email)}**, {literal(where)}, is signed out within 5 seconds, in every tab.")
    if session.id == own:
        st.warning("This is the session that you are looking from.", icon=":material/warning:")
    if not _pressed("End session"):
        return

    def act() -> str:
        visitor.stage.bridge.call(visitor.stage.backend.sessions.end(session.id, visitor.person))
        return f"A session of {literal(session.email)} is ended."

    finish(act)


def _end_others(own: str) -> None:
    visitor = require("access", touch=True)
    st.markdown("You stay signed in here and nowhere else.")
    if not _pressed("Sign out the others"):
        return

    def act() -> str:
        ended = visitor.stage.bridge.call(visitor.stage.backend.sessions.end_others(own, visitor.person))
        return f"{ended} of your sessions are ended."

    finish(act)


def _pressed(label: str) -> bool:
    back, on = st.columns(2)
    if back.button("Cancel", key="access_end_cancel", width="stretch"):
        close()
        st.rerun()
    return on.button(label, key="access_end_do", type="primary", width="stretch")

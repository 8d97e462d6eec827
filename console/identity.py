"""Who is looking. Checked on every run and every timer tick: Streamlit does not rerun the gate for them."""

from dataclasses import dataclass

import streamlit as st

from console.session_ended import show_ended
from console.stage import Stage, current_stage
from router_core.errors import OverloadedError
from router_core.ports import session_name
from router_core.security.sessions import token_digest
from router_core.types import Principal
from signalbox.screens.backend import Screen
from signalbox.sign_in.cookies import form_token

__all__ = ["Visitor", "current_visitor", "own_session", "require"]

SCREEN_ROLES: dict[Screen, str] = {
    "overview": "any role",
    "live": "the operator, admin or owner role",
    "audit": "the analyst, admin or owner role",
    "budgets": "the analyst, admin or owner role",
    "health": "the operator, admin or owner role",
    "playground": "the prompt engineer, admin or owner role",
    "providers": "the admin or owner role",
    "access": "the admin or owner role",
}
UNKNOWN = (
    "**Your session cannot be checked: the store does not answer.** Whoever was here in the last 15 minutes stays "
    "signed in; try again in a moment."
)


@dataclass(frozen=True)
class Visitor:
    """The signed-in person, the stage they act on, and the token that their sign-out form must carry."""

    person: Principal
    stage: Stage
    sign_out_token: str


def current_visitor(*, touch: bool) -> Visitor | None:
    """Return the signed-in person, None without a valid session; ``touch`` only for what a person did, not a timer."""
    stage = current_stage()
    token = stage.read_token()
    if not isinstance(token, str) or not token:
        return None
    try:
        person = stage.bridge.call(stage.backend.visitor(token, touch=touch))
    except OverloadedError:
        st.error(UNKNOWN, icon=":material/cloud_off:")
        st.stop()
    return None if person is None else Visitor(person=person, stage=stage, sign_out_token=form_token(token))


def require(screen: Screen, *, touch: bool = False) -> Visitor:
    """Return the person if they may open ``screen``; otherwise say what is missing and stop this run."""
    visitor = current_visitor(touch=touch)
    if visitor is None:
        show_ended()
        st.stop()
    if not visitor.stage.backend.may(visitor.person, screen):
        st.warning(
            f"This screen needs {SCREEN_ROLES[screen]}. Ask an admin if you should have it.",
            title="Not for your role",
            icon=":material/lock:",
        )
        st.stop()
    return visitor


def own_session(visitor: Visitor) -> str:
    """Return what people name the session by that ``visitor`` looks from."""
    token = visitor.stage.read_token()
    return session_name(token_digest(token)) if isinstance(token, str) else ""

"""What every dialog of the health board ends with: the typed name, the way back and the way on."""

from collections.abc import Callable

import streamlit as st

from console.attempt import attempted
from console.format import literal
from console.health.orders import close_order

__all__ = ["ask_reason", "decide"]

MAX_REASON = 200


def ask_reason(key: str) -> str:
    """Ask why, and return it without blanks around."""
    reason: str = st.text_input(
        "Reason", max_chars=MAX_REASON, key=key, placeholder="Shown to everyone on duty, and logged", live=True
    )
    return reason.strip()


def decide(name: str, label: str, act: Callable[[], str], *, reason: str | None) -> None:
    """Let the person type ``name`` and do ``act``, or go back; ``reason`` is None where none is needed.

    What ``act`` returns is said once the dialog is closed; when it fails, the dialog stays and says why.
    """
    typed = st.text_input(
        f"Type **{literal(name)}** to confirm", key=f"health_confirm_{name}", autocomplete="off", live=True
    )
    missing = _missing(named=typed.strip() == name, reason=reason)
    back, on = st.columns(2)
    if back.button("Cancel", width="stretch", key="health_cancel"):
        close_order()
        st.rerun()
    wanted = on.button(
        label, type="primary", width="stretch", disabled=missing is not None, help=missing, key="health_confirm"
    )
    if not wanted or missing is not None:
        return
    said = attempted(act)
    if said is not None:
        close_order(said)
        st.rerun()


def _missing(*, named: bool, reason: str | None) -> str | None:
    if reason == "":
        return "Give a reason first." if named else "Give a reason and type the name first."
    return None if named else "Type the name first."

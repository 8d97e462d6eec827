"""Which dialog of the Access screen is open, and what it says once it is closed."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import streamlit as st

from console.attempt import attempted
from console.format import literal
from router_core.admin.people_views import Handover
from router_core.errors import ConflictError

__all__ = [
    "close",
    "confirmed",
    "finish",
    "given",
    "hand_over",
    "opened",
    "picked",
    "place",
    "require_unchanged",
    "seen",
    "take_words",
]

V = TypeVar("V")
_ORDER: Final = "access_order"
_ROUND: Final = "access_round"
_WORDS: Final = "access_words"
_GIVEN: Final = "access_given"
_SEEN: Final = "access_seen"


def place(kind: str, target: str = "") -> None:
    """Open the dialog ``kind`` about ``target``."""
    st.session_state[_ORDER] = (kind, target)
    st.session_state.pop(_SEEN, None)


def seen(view: V) -> V:
    """Return ``view`` as it was when the dialog about it was opened, whatever became of it since."""
    found: V = st.session_state.setdefault(_SEEN, view)
    return found


def require_unchanged(seen: object, now: object) -> None:
    """Raise :class:`ConflictError` unless what the dialog was opened with still holds."""
    if seen != now:
        raise ConflictError("Somebody else changed this meanwhile. Close it, and look again before you change it.")


def opened() -> tuple[str, str] | None:
    """Return the dialog that is open, and what it is about."""
    found: tuple[str, str] | None = st.session_state.get(_ORDER)
    return found


def close() -> None:
    """Close the dialog, forget the secret that it showed, and pick no row any more."""
    st.session_state.pop(_ORDER, None)
    st.session_state.pop(_GIVEN, None)
    st.session_state.pop(_SEEN, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def finish(act: Callable[[], str]) -> None:
    """Do ``act`` and close the dialog with what it says; when it fails the dialog stays and says why."""
    said = attempted(act)
    if said is not None:
        close()
        st.session_state[_WORDS] = said
        st.rerun()


def hand_over(handover: Handover) -> None:
    """Go on to the dialog that shows what is to be had only now."""
    st.session_state[_GIVEN] = handover
    st.session_state[_ORDER] = ("given", handover.person.id)
    st.rerun()


def given() -> Handover | None:
    """Return what is to be shown once."""
    found: Handover | None = st.session_state.get(_GIVEN)
    return found


def take_words() -> None:
    """Say what was done since the last run."""
    words = st.session_state.pop(_WORDS, None)
    if words:
        st.toast(words, icon=":material/check:")


def picked(rows: Sequence[dict[str, Any]], name: str, alt: str, columns: dict[str, Any]) -> int | None:
    """Draw ``rows`` and return the place of the one that was picked, None while none is."""
    key = f"access_{name}_{st.session_state.get(_ROUND, 0)}_{len(rows)}"
    found = st.dataframe(
        rows, hide_index=True, key=key, selection_mode="single-row", on_select="rerun", height="content", alt=alt,
        column_config=columns,
    )  # fmt: skip
    chosen = found["selection"]["rows"]
    return chosen[0] if chosen and chosen[0] < len(rows) else None


def confirmed(label: str, word: str, key: str, *, disabled: bool = False) -> bool:
    """Draw a field for ``word`` and a button that works once it was typed; return whether it was pressed."""
    typed = st.text_input(f"Type **{literal(word)}** to confirm", key=f"{key}_word", autocomplete="off", live=True)
    is_typed = typed.strip() == word
    pressed = st.button(label, key=key, type="primary", width="stretch", disabled=disabled or not is_typed)
    return pressed and is_typed

"""What waits for a person's word: which dialog is open, and how each of them ends."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import streamlit as st

from console.attempt import attempted
from console.format import literal
from console.providers.work import flash_next

__all__ = ["Question", "QuestionKind", "answer", "ask", "asked", "forget_question"]

OPEN_KEY: Final = "providers_question"
QuestionKind = Literal[
    "apply",
    "discard",
    "add",
    "disable",
    "enable",
    "delete",
    "switch",
    "roll back",
    "import",
    "look",
    "add key",
    "replace key",
    "change key",
    "disable key",
    "enable key",
    "delete key",
]


class Question(NamedTuple):
    """What a person is about to do, and to what: a provider's id, a switch, a revision; ``part`` is a key of it."""

    kind: QuestionKind
    target: str = ""
    part: str = ""


def ask(kind: QuestionKind, target: str = "", part: str = "") -> None:
    """Open a dialog; called by a button, before the run that follows."""
    st.session_state[OPEN_KEY] = Question(kind, target, part)


def asked() -> Question | None:
    """Return what waits."""
    found = st.session_state.get(OPEN_KEY)
    return found if isinstance(found, Question) else None


def forget_question() -> None:
    """Close the dialog."""
    st.session_state.pop(OPEN_KEY, None)


def answer(label: str, act: Callable[[], str], *, word: str | None = None, ready: bool = True) -> None:
    """Draw the way back and the way on, which needs ``word`` typed; ``act`` returns what is said once it is done.

    When it fails, the dialog stays and says why.
    """
    typed = word
    if word is not None:
        typed = st.text_input(
            f"Type **{literal(word)}** to confirm", key="providers_confirm", autocomplete="off", live=True
        ).strip()
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="providers_cancel"):
            forget_question()
            st.rerun()
        is_set = ready and typed == word
        wanted = st.button(label, key="providers_do", type="primary", disabled=not is_set)
    if not (wanted and is_set):
        return
    said = attempted(act)
    if said is not None:
        forget_question()
        flash_next(said)
        st.rerun()

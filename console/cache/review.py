"""Questions that were answered with the answer to a similar one, for people to look over."""

from typing import Final

import streamlit as st

from console.format import literal, prose
from console.identity import Visitor
from router_core.errors import LLMError
from router_core.types import CacheMatch

__all__ = ["draw_review"]

MOST_SHOWN: Final = 20
_HIDDEN: Final = "not kept for this account"


def draw_review(visitor: Visitor) -> None:
    """Draw the newest matches, each with the way to call it wrong; nothing when there are none."""
    found = visitor.stage.bridge.call(visitor.stage.backend.caching.matches(visitor.person))
    if not found:
        return
    st.subheader("Similar questions", anchor=False)
    st.caption(
        "They got the answer to a question in other words. One that is called wrong is served no more, and counted."
    )
    for each in found[:MOST_SHOWN]:
        with st.container(border=True, key=f"match_{each.id}"):
            _draw(visitor, each)


def _draw(visitor: Visitor, match: CacheMatch) -> None:
    st.markdown(f"**Asked:** {literal(match.asked or _HIDDEN)}  \n**Answered:** {literal(match.answered or _HIDDEN)}")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{match.similarity:.2f} similar, {literal(match.use_case)}, {match.at:%Y-%m-%d %H:%M:%S} UTC")
        pressed = st.button("Called wrong" if match.wrong else "Wrong", key=f"wrong_{match.id}", disabled=match.wrong)
    if not pressed:
        return
    try:
        visitor.stage.bridge.call(visitor.stage.backend.caching.call_wrong(match.id, visitor.person))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    st.rerun()

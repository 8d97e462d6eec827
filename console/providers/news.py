"""That somebody else changed the configuration since the page was drawn, told on the page while it is open."""

from typing import Final

import streamlit as st

from console.format import literal
from console.identity import Visitor
from console.providers.work import Work

__all__ = ["watch_revision"]

LOOK_S: Final = 5.0


def watch_revision(visitor: Visitor, work: Work) -> None:
    """Look every few seconds for a newer revision than ``work`` shows; nothing on the page moves before it is asked to.

    Looking is no act of the person, so that a session ends when its time comes.
    """
    st.fragment(_tell, run_every=LOOK_S)(visitor, work.current.version.revision)


def _tell(visitor: Visitor, shown: int) -> None:
    stage, token = visitor.stage, visitor.stage.read_token()
    person = None
    if isinstance(token, str):
        person = stage.bridge.glance(stage.backend.visitor(token, touch=False))
    page = None if person is None else stage.bridge.glance(stage.backend.configuration.versions(person, limit=1))
    newest = page.versions[0] if page is not None and page.versions else None
    if newest is None or newest.revision <= shown:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="providers_news"):
        st.markdown(
            f":orange[:material/group:] {literal(newest.actor)} changed the configuration: revision {newest.revision}.",
            width="stretch",
        )
        if st.button("Show it", key="providers_show_newest"):
            st.rerun()

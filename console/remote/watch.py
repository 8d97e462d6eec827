"""Tells every open page that the API is lost, whether or not the page asks for anything, and that it is back."""

from typing import Final

import streamlit as st

from console.format import literal, moment, zone_of
from console.remote.link import Outage, Reachable

__all__ = ["begin_frame", "draw_outage", "is_watched", "watch_api"]

LOOK_S: Final = 3.0
WATCHED_KEY: Final = "_api_watched"


def begin_frame() -> None:
    """Note that nothing watches yet in this run."""
    st.session_state.pop(WATCHED_KEY, None)


def watch_api(api: Reachable) -> None:
    """Say above the page since when the API is lost, for as long as it is; looking asks nobody for anything."""
    st.session_state[WATCHED_KEY] = True
    st.fragment(_tell, run_every=LOOK_S)(api)


def is_watched() -> bool:
    """Say whether the page of this run is told by itself."""
    return WATCHED_KEY in st.session_state


def draw_outage(outage: Outage, api: Reachable, then: str) -> None:
    """Say since when the API is lost and why, and what happens ``then``."""
    since = moment(outage.since, zone_of(st.context.timezone), api.clock.utcnow(), seconds=True)
    st.error(
        f"**API unreachable since {since}, retrying:** {literal(outage.reason)}. {then}", icon=":material/cloud_off:"
    )


def _tell(api: Reachable) -> None:
    if api.outage is not None:
        draw_outage(
            api.outage,
            api,
            "What you see is from before, and nothing can be done until it answers. This notice goes by itself.",
        )

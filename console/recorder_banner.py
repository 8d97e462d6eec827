"""What operators must know of the record: whether requests are written down, and what happens while they are not."""

import streamlit as st

from console.format import count, moment, zone_of
from router_core.clock import Clock
from router_core.journal.stats import RecorderStats

__all__ = ["draw_recorder_banner", "draw_unreadable", "recorder_words"]


def draw_recorder_banner(stats: RecorderStats, clock: Clock) -> None:
    """Say what is wrong with the record, if anything is."""
    since = "" if stats.since is None else moment(stats.since, zone_of(st.context.timezone), clock.utcnow())
    words = recorder_words(stats, since)
    if words is None:
        return
    if stats.state == "behind":
        st.warning(words, icon=":material/hourglass_top:")
    else:
        st.error(words, icon=":material/error:")


def draw_unreadable(what: str = "The figures") -> None:
    """Say that the store does not answer and ``what`` was not read of it before."""
    st.error(
        f"**{what} cannot be read: the store does not answer.** Try again, or watch the record on the Live screen.",
        icon=":material/cloud_off:",
    )


def recorder_words(stats: RecorderStats, since: str) -> str | None:
    """Return what is wrong and what happens now, None when all is well."""
    match stats.state:
        case "behind":
            return (
                f"**The record is behind since {since}.** The store does not take events; {count(stats.pending)} wait "
                "in the journal on disk. Requests go on and nothing is lost; figures are as of the last event stored."
            )
        case "blocked":
            return (
                f"**Requests are refused since {since}.** The journal cannot be written ({stats.last_error}), and "
                "nothing is served unrecorded. Free disk space or bring the store back: service resumes by itself."
            )
        case "failing":
            return (
                f"**Requests are served without a journal since {since}** ({stats.last_error}), as configured. "
                "What is missing is on record as a gap."
            )
        case _ if stats.dropped or stats.failed:
            return (
                f"**{count(stats.failed)} events were set aside and {count(stats.dropped)} lost.** The ones set aside "
                "are in the journal's folder; the log names each."
            )
        case _:
            return None

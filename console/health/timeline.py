"""The timeline of breakers: what changed, when, why, and by whose hand."""

from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import moment
from console.status import CAUSE_WORDS, PHASE_COLOURS, PHASE_WORDS, Colour
from router_core.types import BreakerTransition, HealthReport

__all__ = ["draw_timeline", "timeline_rows"]

SHOWN = 50
ITSELF = "Router"
Row = dict[str, str | list[str]]


def draw_timeline(report: HealthReport, zone: ZoneInfo) -> None:
    """Draw the newest changes of all breakers."""
    st.subheader("Timeline", anchor=False)
    if not report.transitions:
        st.caption("No breaker has changed its state in the last 24 hours.")
        return
    st.dataframe(
        timeline_rows(report, zone),
        hide_index=True,
        width="stretch",
        height="content" if len(report.transitions) <= 10 else 390,
        column_config={
            "Change": _badges({_change(each): PHASE_COLOURS[each.after] for each in report.transitions}),
            "Why": st.column_config.TextColumn(width="medium"),
            "Who": _badges({each.actor or ITSELF: "blue" if each.actor else "gray" for each in report.transitions}),
        },
        key="health_timeline",
        alt="Changes of breakers, newest first: when, whose, what, why, and by whom",
    )


def _badges(colours: dict[str, Colour]) -> Any:
    return st.column_config.MultiselectColumn(options=list(colours), color=list(colours.values()))


def timeline_rows(report: HealthReport, zone: ZoneInfo) -> list[Row]:
    """Return one row for each change, newest first; what an operator did names them."""
    names: dict[str, list[str]] = {}
    for each in report.providers:
        if each.upstream is not None:
            names.setdefault(each.upstream.id, []).append(each.provider)
    return [_row(each, names, report, zone) for each in report.transitions[:SHOWN]]


def _row(each: BreakerTransition, names: dict[str, list[str]], report: HealthReport, zone: ZoneInfo) -> Row:
    return {
        "Time": moment(each.at, zone, report.as_of, seconds=True),
        "Provider": ", ".join(names.get(each.upstream, [each.upstream])),
        "Change": [_change(each)],
        "Why": _why(each),
        "Who": [each.actor or ITSELF],
    }


def _change(each: BreakerTransition) -> str:
    return f"{PHASE_WORDS[each.before]} → {PHASE_WORDS[each.after]}"


def _why(each: BreakerTransition) -> str:
    """Return the cause; where calls decided, their figures say it all."""
    words = CAUSE_WORDS[each.cause]
    if not each.detail:
        return words
    return f"{words}: {each.detail}" if each.actor is not None else each.detail.capitalize()

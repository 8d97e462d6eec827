"""Versions of the configuration: who, when and why, what differs between any two, and the way back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import moment
from console.identity import Visitor
from console.palette import paint
from console.providers.dialogs import ask
from console.providers.diff import change_count, draw_changes
from console.providers.work import Work
from router_core.errors import NotFoundError
from router_core.types import ConfigLine

__all__ = ["draw_history"]

PAGE: Final = 20
COUNTS_KEY: Final = "providers_change_counts"
BEFORE_PARAM: Final = "before"


def draw_history(visitor: Visitor, work: Work, zone: ZoneInfo, now: datetime) -> None:
    """Draw one page of versions, and the difference between two."""
    before = st.query_params.get(BEFORE_PARAM, "")
    start = int(before) if before.isdecimal() and len(before) < 16 else None
    desk, call, person = visitor.stage.backend.configuration, visitor.stage.bridge.call, visitor.person
    page = call(desk.versions(person, before=start, limit=PAGE))
    if not page.versions:
        st.info("There are no older versions.", icon=":material/history:")
    else:
        counts = _counts(visitor, page.versions)
        rows = "".join(_row(each, counts, work, zone, now) for each in page.versions)
        st.html(
            f'<div role="list" aria-label="Versions of the configuration, newest first" '
            f'style="font-size:.86rem;line-height:1.5">{rows}</div>'
        )
        st.caption(f"Times in {zone.key}.")
    with st.container(horizontal=True):
        if start is not None:
            st.button("Newest", key="providers_newest", on_click=_turn_to, args=(None,), icon=":material/first_page:")
        if page.next is not None:
            st.button(
                "Older", key="providers_older", on_click=_turn_to, args=(page.next,), icon=":material/chevron_right:"
            )
    _draw_difference(visitor, work, page.versions, zone, now)


def _turn_to(before: int | None) -> None:
    if before is None:
        st.query_params.pop(BEFORE_PARAM, None)
    else:
        st.query_params[BEFORE_PARAM] = str(before)


def _row(line: ConfigLine, counts: Mapping[int, str], work: Work, zone: ZoneInfo, now: datetime) -> str:
    """Return a version as a line that breaks where the screen is narrow; what it does not have takes no room."""
    is_newest = line.revision == work.current.version.revision
    mark = f' <span style="color:{paint("green")}">in force</span>' if is_newest else ""
    restored = "" if line.restored is None else f"Restores revision {line.restored}"
    cells = (
        ("7rem", f"<strong>{line.revision}</strong>{mark}"),
        ("7rem", escape(moment(line.at, zone, now, seconds=True))),
        ("13rem", escape(line.actor)),
        ("6rem", escape(counts.get(line.revision, ""))),
        ("auto", " · ".join(escape(each) for each in (restored, line.note) if each)),
    )
    shown = "".join(
        f'<div style="{"flex:1 1 14rem" if width == "auto" else f"flex:0 0 {width}"};min-width:0">{text}</div>'
        for width, text in cells
        if text
    )
    return (
        '<div role="listitem" style="display:flex;flex-wrap:wrap;gap:.1rem .75rem;padding:.4rem 0;'
        f'overflow-wrap:anywhere;border-bottom:1px solid color-mix(in srgb, currentColor 12%, transparent)">{shown}'
        "</div>"
    )


def _counts(visitor: Visitor, lines: Sequence[ConfigLine]) -> Mapping[int, str]:
    """Return how many fields each version changed. Versions never change, so each is counted once a session."""
    counts: dict[int, str] = st.session_state.setdefault(COUNTS_KEY, {})
    desk, call, person = visitor.stage.backend.configuration, visitor.stage.bridge.call, visitor.person
    for each in lines:
        if each.revision in counts:
            continue
        try:
            counts[each.revision] = (
                change_count(len(call(desk.compare(each.base, each.revision, person)).changes))
                if each.base
                else "first version"
            )
        except NotFoundError:
            counts[each.revision] = "unknown"
    return counts


def _draw_difference(visitor: Visitor, work: Work, lines: Sequence[ConfigLine], zone: ZoneInfo, now: datetime) -> None:
    """Draw what changed between two versions that are chosen, by default by the newest one shown."""
    newest = work.current.version
    known = {each.revision: each for each in (newest, *lines)}
    if len(known) < 2:
        st.info(
            "Once something is changed, two versions can be compared here, and rolled back.", icon=":material/info:"
        )
        return
    revisions = sorted(known, reverse=True)

    def named(revision: int) -> str:
        line = known[revision]
        return f"{revision} · {moment(line.at, zone, now)} · {line.actor}"

    st.subheader("Compare", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old = st.selectbox("From", revisions, index=1, format_func=named, key="providers_from", width=320)
        new = st.selectbox("To", revisions, index=0, format_func=named, key="providers_to", width=320)
        target = old if new == newest.revision else new
        st.button(
            f"Roll back to {target}", key="providers_roll_back", on_click=ask, args=("roll back", str(target)),
            icon=":material/history:", disabled=target == newest.revision,
        )  # fmt: skip
    changes = visitor.stage.bridge.call(visitor.stage.backend.configuration.compare(old, new, visitor.person)).changes
    st.caption(f"{change_count(len(changes))} from revision {old} to {new}" if changes else "They are the same.")
    if changes:
        draw_changes(changes, f"From revision {old} to {new}")

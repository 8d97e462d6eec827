"""The bar of unsaved changes: how many, which, what is wrong with them, and the way on or back."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import ago, literal, moment
from console.identity import Visitor
from console.providers.dialogs import ask
from console.providers.diff import change_count, draw_changes
from console.providers.words import fault_line, named_change
from console.providers.work import Work, fault_next, flash_next, take_theirs
from router_core.errors import LLMError

__all__ = ["draw_bar", "draw_revision"]

MOST_FAULTS: Final = 20
MOST_VERSIONS: Final = 20


def draw_revision(work: Work, zone: ZoneInfo, now: datetime) -> None:
    """Say what is in force, since when and by whom."""
    line = work.current.version
    serving = work.current.serving
    late = f" This server still serves revision {serving}." if serving < line.revision else ""
    note = f" · {literal(line.note)}" if line.note else ""
    changed = ago((now - line.at).total_seconds())
    st.caption(
        f"Revision {line.revision}, changed {changed} by {literal(line.actor)}{note}{late}",
        help=f"{moment(line.at, zone, now, seconds=True)} ({zone.key})",
    )


def draw_bar(visitor: Visitor, work: Work, zone: ZoneInfo, now: datetime) -> None:
    """Draw the bar of ``work``'s draft."""
    with st.container(border=True, key="providers_bar", gap="small"):
        if not work.is_readable:
            st.error("This draft was not made here and cannot be shown. Discard it to go on.", icon=":material/error:")
            _buttons(work, may_apply=False)
            return
        _head(work, now)
        if work.is_stale:
            _conflict(visitor, work, zone, now)
            return
        _faults(work)
        if work.changes:
            with st.expander("What changes", icon=":material/difference:"):
                draw_changes(work.changes, "Unsaved changes")


def _head(work: Work, now: datetime) -> None:
    errors = [each for each in work.findings if each.severity == "error"]
    saved = "" if work.draft is None else f"kept {ago((now - work.draft.draft.saved_at).total_seconds())}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="content", gap=None):
            st.markdown(
                f":blue[:material/edit_note:] **Unsaved changes: {len(work.changes)}** :small[:gray[{saved}, only you "
                "see them]]"
            )
        _buttons(work, may_apply=bool(work.changes) and not errors and not work.is_stale)


def _buttons(work: Work, *, may_apply: bool) -> None:
    why = None if may_apply else _why_not(work)
    with st.container(horizontal=True, width="content", vertical_alignment="center"):
        if why:
            st.caption(why, width="content")
        st.button("Discard", key="providers_discard", on_click=ask, args=("discard",), icon=":material/undo:")
        st.button(
            "Apply", key="providers_apply", on_click=ask, args=("apply",), type="primary", icon=":material/check:",
            disabled=not may_apply, help=why,
        )  # fmt: skip


def _why_not(work: Work) -> str:
    if not work.is_readable:
        return "This draft cannot be put in force."
    if work.is_stale:
        return "Take theirs first."
    return "Mend what is wrong first." if work.changes else "There is nothing to apply."


def _conflict(visitor: Visitor, work: Work, zone: ZoneInfo, now: datetime) -> None:
    """Say who changed what since the draft was begun, and offer to go on from there."""
    call, desk, person = visitor.stage.bridge.call, visitor.stage.backend.configuration, visitor.person
    seen = call(desk.versions(person, limit=MOST_VERSIONS)).versions
    since = [each for each in seen if each.revision > work.base]
    compared = call(desk.compare(work.base, None, person))
    actors = {each.actor for each in since} or {compared.new.actor}
    who = "You" if actors == {person.name} else ", ".join(literal(each) for each in sorted(actors))
    newest = compared.new
    note = f" Note: {literal(newest.note)}." if newest.note else ""
    st.warning(
        f"{who} changed the configuration {ago((now - newest.at).total_seconds())} "
        f"({moment(newest.at, zone, now)}, revision {newest.revision}), after you began.{note} Nothing is overwritten: "
        "take theirs, keep your other changes, then apply.",
        title=f"Changed meanwhile: {change_count(len(compared.changes))}",
        icon=":material/group:",
    )
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Look at both", key="providers_look", on_click=ask, args=("look",), icon=":material/difference:",
            help="What they changed, and what you did.",
        )  # fmt: skip
        if st.button("Take theirs, keep my other changes", key="providers_take", icon=":material/merge:"):
            _take(visitor)


def _take(visitor: Visitor) -> None:
    try:
        given_up = take_theirs(visitor)
    except LLMError as error:
        fault_next(error.message)
        st.rerun()
    fields = [" · ".join(part for part in named_change(each) if part) for each in given_up]
    gone = f" Theirs stays at: {', '.join(literal(each) for each in fields)}." if fields else ""
    flash_next(f"Your draft now stands on what is in force.{gone}")
    st.rerun()


def _faults(work: Work) -> None:
    """List what is wrong; each fault stands at its field too."""
    changed = [each for each in work.findings if each.severity == "error"]
    warned = [each for each in work.findings if each.severity == "warning"]
    for found, draw, icon in ((changed, st.error, ":material/error:"), (warned, st.warning, ":material/warning:")):
        if found:
            more = f"\n- and {len(found) - MOST_FAULTS} more" if len(found) > MOST_FAULTS else ""
            mark = "" if len(found) == 1 else "- "
            draw("\n".join(mark + fault_line(each) for each in found[:MOST_FAULTS]) + more, icon=icon)

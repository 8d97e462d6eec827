"""Draws the Providers screen: the bar of the draft, and one of its views at a time."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.encryption.view import draw_encryption
from console.format import literal, zone_of
from console.identity import Visitor, require
from console.providers.bar import draw_bar, draw_revision
from console.providers.dialogs import asked, forget_question
from console.providers.editor import draw_editor
from console.providers.history import draw_history
from console.providers.news import watch_revision
from console.providers.questions import draw_question
from console.providers.rows import PROVIDER_PARAM, draw_rows, load_known
from console.providers.switches import draw_switches
from console.providers.use_cases import draw_use_cases
from console.providers.work import Work, load_work, take_words
from console.recorder_banner import draw_unreadable
from router_core.errors import OverloadedError

__all__ = ["draw_providers", "leave_providers"]

VIEWS: Final = ("Models", "Use cases", "Secrets", "History")
SCREEN: Final = "providers"


def draw_providers() -> None:
    """Check who is there and draw the view that they ask for."""
    visitor = require("providers")
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    said, fault = take_words()
    if said:
        st.toast(said, icon=":material/check:")
    try:
        work = load_work(visitor)
        draw_revision(work, zone, now)
        watch_revision(visitor, work)
        # Both keep their places while they are empty: what stands below them is not put up anew under the mouse.
        trouble, bar = st.empty(), st.empty()
        if fault:
            trouble.error(literal(fault), icon=":material/error:")
        if work.draft is not None:
            with bar.container():
                draw_bar(visitor, work, zone, now)
        _draw(visitor, work, zone, now)
    except OverloadedError:
        draw_unreadable("The configuration")


def leave_providers(screen: str) -> None:
    """Close what waits for an answer when the person went to another ``screen``."""
    if screen != SCREEN:
        forget_question()


def _draw(visitor: Visitor, work: Work, zone: ZoneInfo, now: datetime) -> None:
    view = st.segmented_control(
        "View", VIEWS, key="view", bind="query-params", default=VIEWS[0], required=True, label_visibility="collapsed"
    )
    question = asked()
    if question is not None:
        draw_question(question)
    if view == "History":
        draw_history(visitor, work, zone, now)
    elif view == "Secrets":
        draw_encryption(visitor, _names(work), zone)
    elif not work.is_readable:
        return
    elif view == "Use cases":
        draw_use_cases(visitor, work, load_known(visitor))
    else:
        _draw_models(visitor, work)


def _names(work: Work) -> dict[str, str]:
    """Return the names of providers by their ids."""
    return {row["id"]: row["name"] for row in work.current.document["providers"]}


def _draw_models(visitor: Visitor, work: Work) -> None:
    known = load_known(visitor)
    opened = st.query_params.get(PROVIDER_PARAM)
    if opened:
        draw_editor(visitor, opened, work, known)
        return
    draw_rows(work, known)
    draw_switches(work)

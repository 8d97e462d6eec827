"""Draws the health board; called again on every timer tick."""

from typing import get_args
from zoneinfo import ZoneInfo

import streamlit as st

from console.dependency_banner import draw_dependencies
from console.format import clock_time, literal, zone_of
from console.health.card import draw_card
from console.health.drills import draw_drills
from console.health.news import Tone, news
from console.health.nodes import draw_nodes
from console.health.orders import flash, was_placed
from console.health.tiles import WINDOW_WORDS, health_tiles
from console.health.timeline import draw_timeline
from console.identity import Visitor, require
from console.recorder_banner import draw_recorder_banner
from router_core.types import HealthReport, HealthWindow

__all__ = ["draw_health", "pick_window"]

ICONS: dict[Tone, str] = {"down": ":material/error:", "care": ":material/warning:", "drill": ":material/science:"}


def pick_window() -> HealthWindow:
    """Draw the choice of the range and return what was chosen."""
    picked: HealthWindow = st.segmented_control(
        "Range",
        list(get_args(HealthWindow)),
        default="1h",
        required=True,
        key="health_window",
        label_visibility="collapsed",
        bind="query-params",
    )
    return picked


def draw_health(window: HealthWindow) -> None:
    """Check who is there and draw the board over ``window`` for them."""
    if was_placed():
        st.rerun()
    visitor = require("health")
    report = visitor.stage.bridge.call(visitor.stage.backend.health(visitor.person, window))
    zone = zone_of(st.context.timezone)
    said = flash()
    if said is not None:
        st.toast(said, icon=":material/check_circle:")
    draw_dependencies(visitor)
    draw_recorder_banner(visitor.stage.bridge.call(visitor.stage.backend.recorder(visitor.person)), visitor.stage.clock)
    _banners(report, zone)
    with st.grid(4, min_column_width=210, gap="small"):
        for tile in health_tiles(report):
            st.metric(tile.label, tile.value, border=True, height="stretch", **tile.options)
    _providers(visitor, report, zone)
    draw_nodes(visitor)
    draw_timeline(report, zone)
    draw_drills(visitor, report, zone)
    st.caption(
        f"Updated {clock_time(report.as_of, zone)} · figures of the last {WINDOW_WORDS[window]}, "
        f"the strips of 24 hours · times in {literal(zone.key)}"
    )


def _banners(report: HealthReport, zone: ZoneInfo) -> None:
    """Draw one banner for each tone, each in a place of its own: what comes and goes must not push the others about."""
    draw = {"down": st.error, "care": st.warning, "drill": st.info}
    told = {notice.tone: notice.text for notice in news(report, zone)}
    for tone in get_args(Tone):
        place = st.empty()
        if tone in told:
            with place:
                draw[tone](told[tone], icon=ICONS[tone])


def _providers(visitor: Visitor, report: HealthReport, zone: ZoneInfo) -> None:
    if not report.providers:
        with st.container(border=True, key="health_empty"):
            st.markdown("**No provider is configured**")
            st.markdown("Nothing can be routed, so there is nothing to watch yet. An admin adds providers.")
        return
    in_control = visitor.stage.backend.may_control(visitor.person, "breakers")
    with st.grid(4, min_column_width=230, gap="small"):
        for each in report.providers:
            draw_card(each, report, zone, in_control=in_control)

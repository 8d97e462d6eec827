"""Draws the overview; called again on every timer tick."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import streamlit as st

from console.assets import page_script
from console.charts import CHART_CONFIG, Figure, latency_figure, lively, traffic_figure
from console.dependency_banner import draw_dependencies
from console.format import THIN, clock_time, duration, literal, percent, zone_of
from console.identity import Visitor, require
from console.overview.attention import alerts
from console.overview.tiles import tiles
from console.recorder_banner import draw_recorder_banner, draw_unreadable
from console.series_places import places_of
from console.status import badge, provider_mark
from console.tables import request_rows
from router_core.errors import OverloadedError
from signalbox.screens.views import OverviewView, ProviderView

__all__ = ["draw_overview"]

CHART_PACE_S = 10
WIDTHS = {"Time": 74, "Use case": 78, "Provider": 184, "Model": 126, "Why": 178}
NUMBERS = {"First token": 80, "Latency": 70, "Tokens": 60, "Cost": 84}
OUTCOME_COLOURS = {"Success": "green", "Cancelled": "gray"}


def draw_overview() -> None:
    """Check who is there and draw the last hour for them."""
    visitor = require("overview")
    zone = zone_of(st.context.timezone)
    draw_dependencies(visitor)
    _record(visitor)
    try:
        view = visitor.stage.bridge.call(visitor.stage.backend.overview(visitor.person))
    except OverloadedError:
        draw_unreadable()
        return
    _attention(visitor, view)
    _tiles(view)
    if view.report.totals.requests:
        _charts(view, zone)
    else:
        _empty(visitor)
    _providers(view)
    if view.recent:
        _recent(view, zone)
    st.caption(
        f"Updated {clock_time(view.report.as_of, zone)} · times in {literal(zone.key)} · "
        "figures are of all processes and accounts; the requests below are this process's newest"
    )


def _record(visitor: Visitor) -> None:
    """Say what is wrong with the record to those who can do something about it."""
    backend = visitor.stage.backend
    if backend.may(visitor.person, "live"):
        draw_recorder_banner(visitor.stage.bridge.call(backend.recorder(visitor.person)), visitor.stage.clock)


def _attention(visitor: Visitor, view: OverviewView) -> None:
    found = alerts(view)
    for alert in found:
        if alert.level == "error":
            st.error(alert.text, icon=":material/error:")
        else:
            st.warning(alert.text, icon=":material/warning:")
    if found and visitor.stage.backend.may(visitor.person, "health"):
        st.page_link(page_script("health"), label="What happens now, and what can be done", icon=":material/ecg_heart:")


def _tiles(view: OverviewView) -> None:
    with st.grid(5, min_column_width=172, gap="small"):
        for tile in tiles(view):
            st.metric(tile.label, tile.value, border=True, height="stretch", **tile.options)


def _charts(view: OverviewView, zone: ZoneInfo) -> None:
    left, right = st.columns([3, 2], gap="small")
    with left.container(border=True, height="stretch"):
        st.markdown("**Requests by provider** :small[:gray[per minute, last hour]]")
        figure = _paced("overview_traffic", view, _traffic, zone)
        _plot(figure, "overview_traffic_chart", "Requests per minute by provider over the last hour")
    with right.container(border=True, height="stretch"):
        st.markdown("**Latency** :small[:gray[whole answers, per minute]]")
        figure = _paced("overview_latency", view, _latency, zone)
        _plot(figure, "overview_latency_chart", "Median and 95th percentile latency per minute over the last hour")


def _plot(figure: Figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, alt=alt)


def _paced(key: str, view: OverviewView, build: Callable[[OverviewView, ZoneInfo], Figure], zone: ZoneInfo) -> Figure:
    """Return the figure of the current ten seconds: an unchanged one is not drawn again, so the legend stays put."""
    report = view.report
    stamp = (int(report.as_of.timestamp()) // CHART_PACE_S, len(report.providers), zone.key)
    kept = st.session_state.get(f"_{key}")
    if kept is None or kept[0] != stamp:
        kept = st.session_state[f"_{key}"] = (stamp, build(view, zone))
    figure: Figure = kept[1]
    return figure


def _traffic(view: OverviewView, zone: ZoneInfo) -> Figure:
    places = places_of("provider", (each.name for each in view.providers))
    return traffic_figure(lively(view.report), zone, places)


def _latency(view: OverviewView, zone: ZoneInfo) -> Figure:
    return latency_figure(lively(view.report), zone, {"p95": "p95_ms", "p50": "p50_ms"})


def _empty(visitor: Visitor) -> None:
    with st.container(border=True, key="overview_empty"):
        st.markdown("**No requests in the last hour**")
        if visitor.stage.backend.may(visitor.person, "playground"):
            st.markdown("Traffic shows up here within two seconds. Send a first prompt to see the route it takes.")
            st.link_button("Send a test", "/playground", type="primary", icon=":material/forum:")
        else:
            st.markdown("Traffic shows up here within two seconds of the first request.")


def _providers(view: OverviewView) -> None:
    st.subheader("Providers", anchor=False)
    if not view.providers:
        st.markdown("No provider is configured, so nothing can be routed yet.")
        return
    with st.grid(4, min_column_width=225, gap="small"):
        for provider in view.providers:
            with st.container(border=True, gap="xsmall", height="stretch"):
                _provider(provider)


def _provider(provider: ProviderView) -> None:
    st.markdown(f"**{literal(provider.name)}**")
    st.markdown(f"{badge(provider_mark(provider.state))} :small[:gray[{literal(provider.model)}]]")
    totals = provider.totals
    if totals.requests:
        judged = totals.successes + totals.errors
        share = percent(totals.errors / judged) if judged else percent(None)
        st.markdown(
            f"p95 **{duration(totals.p95_ms)}** :gray[·] errors **{share}** :gray[·] n{THIN}={THIN}{totals.requests:,}"
        )
    else:
        st.markdown(":gray[No requests in the last hour]")


def _recent(view: OverviewView, zone: ZoneInfo) -> None:
    st.subheader("Recent requests", anchor=False)
    rows = request_rows(view.recent, zone)
    words = sorted({word for row in rows for word in row["Outcome"]})
    st.dataframe(
        rows,
        hide_index=True,
        key="overview_recent",
        alt="The newest requests, where they went and why",
        column_config={
            **{name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
            "Outcome": st.column_config.MultiselectColumn(
                options=words, color=[OUTCOME_COLOURS.get(word, "red") for word in words], width=94
            ),
            **{name: st.column_config.TextColumn(width=width, alignment="right") for name, width in NUMBERS.items()},
        },
    )

"""Draws the Live screen; called again on every timer tick."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from console.charts import CHART_CONFIG, Figure
from console.format import THIN, clock_time, count, duration, literal, money, percent, span, zone_of
from console.identity import Visitor, require
from console.live.charts import cost_figure, errors_figure, latency_figure, tokens_figure, traffic_figure
from console.live.tiles import live_tiles
from console.recorder_banner import draw_recorder_banner, draw_unreadable
from router_core.errors import OverloadedError
from router_core.journal.stats import RecorderStats
from router_core.types import MetricRow, MetricsReport, MetricsWindow

__all__ = ["WINDOWS", "draw_live", "pick_window"]

WINDOWS: Final[tuple[MetricsWindow, ...]] = ("15m", "1h", "6h", "24h", "7d")
STALE_S: Final = 6.0
CHART_PACE_S: Final = 10
STEP_WORDS: Final = {60: "minute", 600: "10 minutes", 3600: "hour"}
Build = Callable[[MetricsReport, ZoneInfo], Figure]
Chart = tuple[str, str, Build]
TRAFFIC: Final[Chart] = ("traffic", "Requests by provider", traffic_figure)
LATENCY: Final[Chart] = ("latency", "Latency", latency_figure)
ERRORS: Final[Chart] = ("errors", "Errors by code", errors_figure)
COST: Final[Chart] = ("cost", "Cost by model", cost_figure)
TOKENS: Final[Chart] = ("tokens", "Tokens by model", tokens_figure)
# In pixels, so that a row with a long name fits 1440.
WIDTHS: Final = {
    "Requests": 72, "Errors": 64, "p50": 62, "p95": 62, "p99": 62, "First token": 82, "Tokens": 62, "Cost": 70,
    "Retries": 62, "Failovers": 76,
}  # fmt: skip


def pick_window() -> MetricsWindow:
    """Draw the choice of the range and return what was chosen."""
    picked: MetricsWindow = st.segmented_control(
        "Range",
        list(WINDOWS),
        default="1h",
        required=True,
        key="live_window",
        label_visibility="collapsed",
        bind="query-params",
    )
    return picked


def draw_live(window: MetricsWindow) -> None:
    """Check who is there and draw the figures over ``window`` for them."""
    visitor = require("live")
    backend = visitor.stage.backend
    stats = backend.recorder(visitor.person)
    zone = zone_of(st.context.timezone)
    draw_recorder_banner(stats, visitor.stage.clock)
    try:
        report = visitor.stage.bridge.call(backend.live(visitor.person, window))
    except OverloadedError:
        draw_unreadable()
        return
    with st.grid(4, min_column_width=200, gap="small"):
        for tile in live_tiles(report):
            st.metric(tile.label, tile.value, border=True, height="stretch", **tile.options)
    if report.totals.requests:
        _charts(visitor, report, zone)
        _tables(visitor, report)
    else:
        with st.container(border=True, key="live_empty"):
            st.markdown("**No requests in this range**")
            st.markdown("Figures of every process show up here seconds after a request ends.")
    _footer(visitor, report, stats, zone)


def _charts(visitor: Visitor, report: MetricsReport, zone: ZoneInfo) -> None:
    failed = bool(report.totals.errors_by_code)
    rows = ((TRAFFIC, LATENCY), (ERRORS, COST), (TOKENS,)) if failed else ((TRAFFIC, LATENCY), (TOKENS, COST))
    for row in rows:
        for column, chart in zip(st.columns(len(row), gap="small"), row, strict=True):
            with column.container(border=True, height="stretch"):
                _chart(chart, report, zone)
    if failed and visitor.stage.backend.may(visitor.person, "audit"):
        address = _audit_address(report, {"status": "error"})
        st.link_button("Failed requests in the audit log", address, type="tertiary", icon=":material/receipt_long:")


def _chart(chart: Chart, report: MetricsReport, zone: ZoneInfo) -> None:
    key, title, build = chart
    step = STEP_WORDS[report.step_s]
    st.markdown(f"**{title}** :small[:gray[per {step}]]")
    figure = _paced(key, report, build, zone)
    st.plotly_chart(figure, key=f"live_{key}", config=CHART_CONFIG, alt=f"{title} per {step}")


def _paced(
    key: str, report: MetricsReport, build: Callable[[MetricsReport, ZoneInfo], Figure], zone: ZoneInfo
) -> Figure:
    """Return the figure of the current ten seconds: an unchanged one is not drawn again, so the legend stays put."""
    stamp = (int(report.as_of.timestamp()) // CHART_PACE_S, report.window, len(report.providers), zone.key)
    kept = st.session_state.get(f"_live_{key}")
    if kept is None or kept[0] != stamp:
        kept = st.session_state[f"_live_{key}"] = (stamp, build(report, zone))
    figure: Figure = kept[1]
    return figure


def _tables(visitor: Visitor, report: MetricsReport) -> None:
    linked = visitor.stage.backend.may(visitor.person, "audit")
    names = ("By provider", "By model", "By use case")
    filters = ("provider", "model", "use_case")
    for tab, rows, name in zip(
        st.tabs(names), (report.providers, report.models, report.use_cases), filters, strict=True
    ):
        with tab:
            _table(rows, name, report, linked=linked)


def _table(rows: Sequence[MetricRow], name: str, report: MetricsReport, *, linked: bool) -> None:
    shown = [_row(each, name, report, linked=linked) for each in rows]
    config: dict[str, Any] = {
        "Traffic": st.column_config.AreaChartColumn(y_min=0, width=70),
        **{each: st.column_config.TextColumn(alignment="right", width=width) for each, width in WIDTHS.items()},
    }
    if linked:
        config["Audit"] = st.column_config.LinkColumn(display_text="open", width=58)
    st.dataframe(shown, hide_index=True, key=f"live_table_{name}", column_config=config, alt=f"Figures by {name}")


def _row(row: MetricRow, name: str, report: MetricsReport, *, linked: bool) -> dict[str, Any]:
    totals = row.totals
    judged = totals.successes + totals.errors
    found: dict[str, Any] = {
        "Name": row.name or "none",
        "Traffic": [point.totals.requests for point in row.series],
        "Requests": count(totals.requests),
        "Errors": percent(totals.errors / judged if judged else None),
        "p50": duration(totals.p50_ms),
        "p95": duration(totals.p95_ms),
        "p99": duration(totals.p99_ms),
        "First token": duration(totals.first_token_p95_ms),
        "Tokens": count(totals.tokens),
        "Cost": money(totals.cost),
        "Retries": count(totals.retries),
        "Failovers": count(totals.failovers),
    }
    if linked:
        found["Audit"] = _audit_address(report, {name: row.name} if row.name else {})
    return found


def _footer(visitor: Visitor, report: MetricsReport, stats: RecorderStats, zone: ZoneInfo) -> None:
    age = (visitor.stage.clock.utcnow() - report.as_of).total_seconds()
    if age > STALE_S:
        st.caption(f":material/schedule: Data {span(age)} old: the store does not answer")
    record = (
        f"record: {count(stats.pending)} waiting, {count(stats.flushed)} stored, {stats.failed} set aside, "
        f"{stats.dropped} lost"
    )
    st.caption(
        f"Updated {clock_time(report.as_of, zone)} · all processes, others at most 5{THIN}s behind · {record} · "
        f"times in {literal(zone.key)}"
    )


def _audit_address(report: MetricsReport, filters: dict[str, str]) -> str:
    until = report.as_of + timedelta(minutes=1)
    return f"/audit?{urlencode({'from': _iso(report.since), 'to': _iso(until), **filters})}"


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

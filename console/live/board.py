"""Draws the Live screen; called again on every timer tick."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st
from msgspec import structs

from console.charts import CHART_CONFIG, Figure
from console.dependency_banner import draw_dependencies
from console.format import THIN, clock_time, count, duration, literal, money, percent, span, zone_of
from console.identity import Visitor, require
from console.live.charts import COST, ERRORS, LATENCY, TOKENS, TRAFFIC, LiveChart
from console.live.picking import Marks, chart_key, note_pick, turn
from console.live.tiles import live_tiles
from console.recorder_banner import draw_recorder_banner, draw_unreadable
from console.time_range import iso_utc
from router_core.errors import OverloadedError
from router_core.journal.stats import RecorderStats
from router_core.types import MetricRow, MetricsFilter, MetricsReport
from signalbox.screens.views import LiveScope

__all__ = ["draw_live"]

DRAG_HINT: Final = ", drag to look closer"
CLICK_HINT: Final = ", click for the rows"
STALE_S: Final = 6.0
# A chart that changed is put up anew by the browser: a drag under way and what was hidden in its legend are lost.
CHART_PACE_S: Final = 30
STEP_WORDS: Final = {60: "minute", 600: "10 minutes", 3600: "hour"}
# In pixels, so that a row with a long name fits 1440.
WIDTHS: Final = {
    "Requests": 72, "Errors": 64, "p50": 62, "p95": 62, "p99": 62, "First token": 82, "Tokens": 62, "Cost": 70,
    "Retries": 62, "Failovers": 76,
}  # fmt: skip


def draw_live(scope: LiveScope) -> None:
    """Check who is there and draw the figures of ``scope`` for them."""
    visitor = require("live")
    backend = visitor.stage.backend
    turn()
    stats = visitor.stage.bridge.call(backend.recorder(visitor.person))
    zone = zone_of(st.context.timezone)
    draw_dependencies(visitor)
    draw_recorder_banner(stats, visitor.stage.clock)
    try:
        report = visitor.stage.bridge.call(backend.live(visitor.person, scope))
    except OverloadedError:
        draw_unreadable()
        return
    with st.grid(4, min_column_width=200, gap="small"):
        for tile in live_tiles(report, scope.between):
            st.metric(tile.label, tile.value, border=True, height="stretch", **tile.options)
    if report.totals.requests:
        _charts(visitor, scope, report, zone)
        _tables(visitor, scope, report)
    else:
        with st.container(border=True, key="live_empty"):
            st.markdown("**No requests in this range**")
            st.markdown("Figures of every process show up here seconds after a request ends.")
    _footer(visitor, report, stats, zone)


def _charts(visitor: Visitor, scope: LiveScope, report: MetricsReport, zone: ZoneInfo) -> None:
    failed = bool(report.totals.errors_by_code)
    rows = ((TRAFFIC, LATENCY), (ERRORS, COST), (TOKENS,)) if failed else ((TRAFFIC, LATENCY), (TOKENS, COST))
    linked = visitor.stage.backend.may(visitor.person, "audit")
    for row in rows:
        for column, chart in zip(st.columns(len(row), gap="small"), row, strict=True):
            with column.container(border=True, height="stretch"):
                _chart(chart, scope, report, zone, linked=linked)
    if failed and linked:
        address = _audit_address(report, {**_choice(scope.chosen), "status": "error"})
        st.link_button("Failed requests in the audit log", address, type="tertiary", icon=":material/receipt_long:")


def _chart(chart: LiveChart, scope: LiveScope, report: MetricsReport, zone: ZoneInfo, *, linked: bool) -> None:
    step = STEP_WORDS[report.step_s]
    hint = DRAG_HINT if chart.picks == "range" else CLICK_HINT if linked else ""
    st.markdown(f"**{chart.title}** :small[:gray[per {step}{hint}]]")
    figure = _paced(chart, scope, report, zone)
    options: dict[str, Any] = {"config": CHART_CONFIG, "alt": f"{chart.title} per {step}", "key": chart_key(chart)}
    if hint:
        names = tuple(trace["name"] for trace in figure["data"])
        marks = Marks(chart_key(chart), chart, _choice(scope.chosen), names, report.step_s, zone)
        mode = "box" if chart.picks == "range" else "points"
        options |= {"on_select": partial(note_pick, marks), "selection_mode": mode}
    st.plotly_chart(figure, **options)


def _paced(chart: LiveChart, scope: LiveScope, report: MetricsReport, zone: ZoneInfo) -> Figure:
    """Return the figure of the current half minute: an unchanged one is not put up anew."""
    stamp = (int(report.as_of.timestamp()) // CHART_PACE_S, scope, len(report.providers), zone.key)
    key = f"_live_{chart.key}"
    kept = st.session_state.get(key)
    if kept is None or kept[0] != stamp:
        kept = st.session_state[key] = (stamp, chart.figure(report, zone))
    figure: Figure = kept[1]
    return figure


def _tables(visitor: Visitor, scope: LiveScope, report: MetricsReport) -> None:
    linked = visitor.stage.backend.may(visitor.person, "audit")
    names = ("By provider", "By model", "By use case")
    filters = ("provider", "model", "use_case")
    for tab, rows, name in zip(
        st.tabs(names), (report.providers, report.models, report.use_cases), filters, strict=True
    ):
        with tab:
            _table(rows, name, report, _choice(scope.chosen) if linked else None)


def _table(rows: Sequence[MetricRow], name: str, report: MetricsReport, linked: dict[str, str] | None) -> None:
    """Draw one table; ``linked`` is what its links to the audit log are narrowed to, None for no links."""
    shown = [_row(each, name, report, linked) for each in rows]
    config: dict[str, Any] = {
        "Traffic": st.column_config.AreaChartColumn(y_min=0, width=70),
        **{each: st.column_config.TextColumn(alignment="right", width=width) for each, width in WIDTHS.items()},
    }
    if linked is not None:
        config["Audit"] = st.column_config.LinkColumn(display_text="open", width=58)
    st.dataframe(shown, hide_index=True, key=f"live_table_{name}", column_config=config, alt=f"Figures by {name}")


def _row(row: MetricRow, name: str, report: MetricsReport, linked: dict[str, str] | None) -> dict[str, Any]:
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
    if linked is not None:
        found["Audit"] = _audit_address(report, {**linked, **({name: row.name} if row.name else {})})
    return found


def _footer(visitor: Visitor, report: MetricsReport, stats: RecorderStats, zone: ZoneInfo) -> None:
    age = (visitor.stage.clock.utcnow() - report.as_of).total_seconds()
    if age > STALE_S:
        st.caption(f":material/schedule: Data {span(age)} old: the store does not answer")
    st.caption(
        f"Updated {clock_time(report.as_of, zone)} · all processes, others at most 5{THIN}s behind · "
        f"times in {literal(zone.key)}"
    )
    st.caption(_record(stats))


def _record(stats: RecorderStats) -> str:
    """Return what the record of this process holds and what waits."""
    waiting = f"{count(stats.pending)} waiting"
    if stats.pending:
        waiting += f", the oldest for {span(stats.lag_s)}"
    aside, lost = f"{count(stats.failed)} set aside", f"{count(stats.dropped)} lost"
    return " · ".join(
        (
            f"Record of this process: {count(stats.flushed)} stored",
            waiting,
            f":red[{aside}]" if stats.failed else aside,
            f":red[{lost}]" if stats.dropped else lost,
        )
    )


def _choice(chosen: MetricsFilter) -> dict[str, str]:
    """Return ``chosen`` as filters of the audit log."""
    return {name: value for name, value in structs.asdict(chosen).items() if value is not None}


def _audit_address(report: MetricsReport, filters: dict[str, str]) -> str:
    until = report.series[-1].start + timedelta(seconds=report.step_s)
    return f"/audit?{urlencode({'from': iso_utc(report.since), 'to': iso_utc(until), **filters})}"

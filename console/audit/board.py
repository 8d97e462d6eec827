"""Draws the audit log: filters, one page, the way to others."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.audit.chains import draw_check, offer_check
from console.audit.detail import close_row, draw_row
from console.audit.filters import Chosen, draw_filters, export_query
from console.dependency_banner import draw_dependencies
from console.format import DASH, THIN, count, duration, literal, moment, money, zone_of
from console.identity import Visitor, require
from console.recorder_banner import draw_unreadable
from console.status import BADGE_COLOURS, status_word
from router_core.errors import OverloadedError, ValidationError
from router_core.types import REQUEST_EVENT, AuditCount, AuditEntry, AuditFilter, AuditPage

__all__ = ["draw_audit"]

PAGE_ROWS: Final = 50
FORMATS: Final = ("CSV", "JSONL", "Parquet")
# In pixels, so that a row fits 1440; a time of another day is longer.
WIDTHS: Final = {"Event": 104, "Who": 98, "Use case": 68, "Provider": 180, "Model": 118, "Account": 120}
NUMBERS: Final = {"Tokens": 58, "Cost": 92, "Latency": 66, "Calls": 46}
TIME_WIDTH, DAY_WIDTH = 76, 116
KEPT: Final = {"audit_log": "rows", "audit_traces": "their traces", "audit_contents": "prompts and answers"}


def draw_audit() -> None:
    """Check who is there and draw what they ask for."""
    visitor = require("audit")
    zone = zone_of(st.context.timezone)
    draw_dependencies(visitor)
    try:
        names = visitor.stage.bridge.call(visitor.stage.backend.account_names(visitor.person))
        wanted, chosen = draw_filters(visitor, zone, names)
        page, found = _load(visitor, wanted)
    except ValidationError as error:
        st.warning(literal(error.message), icon=":material/help:")
        st.button("Back to the first page", on_click=_go, args=(None,))
        return
    except OverloadedError:
        draw_unreadable("The audit log")
        return
    _bar(visitor, wanted, chosen, found)
    draw_check(visitor)
    if page.entries:
        _table(visitor, page, zone, names)
    else:
        _nothing(page, chosen)
    _ways(page, zone, visitor)
    row = st.query_params.get("row")
    if row:
        st.dialog("Audit log", position="right", width="medium", on_dismiss=close_row)(draw_row)(row, names)


def _load(visitor: Visitor, wanted: AuditFilter) -> tuple[AuditPage, AuditCount]:
    cursor = st.query_params.get("cursor")
    oldest = st.query_params.get("oldest") == "true"
    asked = visitor.stage.backend.audit_page(visitor.person, wanted, limit=PAGE_ROWS, cursor=cursor, oldest=oldest)
    return visitor.stage.bridge.call(asked)


def _bar(visitor: Visitor, wanted: AuditFilter, chosen: Chosen, found: AuditCount) -> None:
    shown = f"{found.number:,}{'+' if found.capped else ''}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{shown}** {'row matches' if shown == '1' else 'rows match'}", width="content")
        if not visitor.stage.backend.may_control(visitor.person, "export"):
            return
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            offer_check(visitor)
            _export(wanted, chosen, shown)


def _export(wanted: AuditFilter, chosen: Chosen, shown: str) -> None:
    with st.popover("Export", icon=":material/download:", width="content"):
        st.markdown(f"All {shown} matching rows, oldest first, as they are now. That you export goes on record.")
        with st.container(horizontal=True):
            for name in FORMATS:
                st.link_button(name, export_query(wanted, chosen, name.lower()), icon=":material/download:")


def _table(visitor: Visitor, page: AuditPage, zone: ZoneInfo, names: Mapping[str, str]) -> None:
    now = visitor.stage.clock.utcnow()
    rows = [_row(entry, zone, now, names) for entry in page.entries]
    days = max(len(row["Time"]) for row in rows) > len("00:00:00")
    # Which account it was is worth a column only where it differs.
    single = len({row["Account"] for row in rows} - {DASH}) < 2
    words = sorted({row["Status"][0] for row in rows})
    newest = page.entries[0]
    picked = st.dataframe(
        rows,
        hide_index=True,
        key=f"audit_rows_{newest.position}_{len(rows)}",
        selection_mode="single-row",
        on_select="rerun",
        height="content",
        alt="Requests and acts, newest first",
        column_order=[name for name in rows[0] if name != "Account" or not single],
        column_config={
            "Time": st.column_config.TextColumn(width=DAY_WIDTH if days else TIME_WIDTH),
            **{name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
            "Status": st.column_config.MultiselectColumn(
                options=words, color=[BADGE_COLOURS.get(word, "red") for word in words], width=92
            ),
            **{name: st.column_config.TextColumn(width=width, alignment="right") for name, width in NUMBERS.items()},
        },
    )
    chosen = picked["selection"]["rows"]
    opened = page.entries[chosen[0]].id if chosen and chosen[0] < len(page.entries) else None
    if opened is not None and st.session_state.get("audit_opened") != opened:
        st.session_state["audit_opened"] = opened
        st.query_params["row"] = opened
    elif opened is None:
        st.session_state.pop("audit_opened", None)


def _row(entry: AuditEntry, zone: ZoneInfo, now: datetime, names: Mapping[str, str]) -> dict[str, Any]:
    is_request = entry.event == REQUEST_EVENT
    tokens = (
        entry.input_tokens + entry.cache_read_tokens + entry.cache_write_tokens + entry.cache_write_1h_tokens
        + entry.output_tokens + entry.reasoning_tokens
    )  # fmt: skip
    return {
        "Time": moment(entry.at, zone, now, seconds=True),
        "Status": [status_word(entry.status) if is_request else "Done"],
        "Event": "Request" if is_request else entry.event,
        "Who": entry.actor or DASH,
        "Use case": entry.use_case or DASH,
        "Provider": entry.provider or entry.target or DASH,
        "Model": entry.model or DASH,
        "Tokens": count(tokens) if is_request else DASH,
        "Cost": money(entry.cost) if is_request else DASH,
        "Latency": duration(entry.latency_ms) if is_request and entry.latency_ms else DASH,
        "Calls": str(entry.attempts) if is_request else DASH,
        "Account": names.get(entry.account_id or "", entry.account_id or DASH),
    }


def _nothing(page: AuditPage, chosen: Chosen) -> None:
    with st.container(border=True, key="audit_empty"):
        if page.looked_back_to is not None:
            st.markdown("**Nothing found so far**")
            st.markdown("The search stopped before the end of the range; go on to look further back.")
        elif chosen:
            st.markdown("**No row matches**")
            st.markdown("Take a filter away, or look at a longer range.")
        else:
            st.markdown("**Nothing happened in this range**")
            st.markdown("Every request and every administrative act shows up here within seconds of its end.")


def _ways(page: AuditPage, zone: ZoneInfo, visitor: Visitor) -> None:
    if page.looked_back_to is not None:
        when = moment(page.looked_back_to, zone, visitor.stage.clock.utcnow(), seconds=True)
        st.info(f"Looked back to {literal(when)} so far: what you ask for is rare.", icon=":material/search:")
    older = "Go on" if page.looked_back_to is not None else "Older"
    with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
        st.button("First", key="audit_first", on_click=_go, args=(None,), disabled=page.newer is None)
        st.button("Newer", key="audit_newer", on_click=_go, args=(page.newer,), disabled=page.newer is None)
        st.button(older, key="audit_older", on_click=_go, args=(page.older,), disabled=page.older is None)
        st.button("Last", key="audit_last", on_click=_go_last, disabled=page.older is None)
    st.caption(f"Newest first, {PAGE_ROWS}{THIN}rows a page · times in {literal(zone.key)}")
    st.caption(_kept(visitor))


def _kept(visitor: Visitor) -> str:
    days = {
        each.table: each.days for each in visitor.stage.bridge.call(visitor.stage.backend.retention(visitor.person))
    }
    parts = (
        f"{words} {f'{days[table]:,} days' if days[table] else 'for ever'}"
        for table, words in KEPT.items()
        if table in days
    )
    return f"Kept: {', '.join(parts)}. What goes is on record."


def _go(cursor: str | None) -> None:
    for name in ("cursor", "oldest", "row"):
        st.query_params.pop(name, None)
    if cursor is not None:
        st.query_params["cursor"] = cursor


def _go_last() -> None:
    _go(None)
    st.query_params["oldest"] = "true"

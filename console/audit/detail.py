"""One row of the audit log in full."""

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import count, duration, literal, zone_of
from console.identity import require
from console.playground.trace import draw_trace
from router_core.types import REQUEST_EVENT, AuditDetail, AuditEntry, format_usd

__all__ = ["close_row", "draw_row"]


def close_row() -> None:
    """Forget which row is open."""
    st.query_params.pop("row", None)


def draw_row(entry_id: str, names: Mapping[str, str]) -> None:
    """Draw the row ``entry_id`` for who may see it; ``names`` are those of accounts, by id."""
    visitor = require("audit", touch=True)
    detail = visitor.stage.bridge.call(visitor.stage.backend.audit_detail(visitor.person, entry_id))
    if detail is None:
        st.warning("There is no such row, or you may not see it.", icon=":material/help:")
        return
    zone = zone_of(st.context.timezone)
    entry = detail.entry
    is_request = entry.event == REQUEST_EVENT
    st.markdown(f"#### {'Request' if is_request else literal(entry.event)}")
    account = names.get(entry.account_id or "", entry.account_id)
    _facts(_request_facts(entry, account) if is_request else _act_facts(entry, account), entry, zone)
    if is_request:
        _request(detail)
    else:
        _act(detail)
    st.caption(f"Row {entry.seq:,} of chain {literal(entry.writer)} · the address of this page leads back to it")


def _facts(facts: list[tuple[str, str]], entry: AuditEntry, zone: ZoneInfo) -> None:
    when = entry.at.astimezone(zone).strftime("%-d %b %Y %H:%M:%S")
    lines = [("Time", literal(f"{when} ({zone.key})")), ("Who", literal(entry.actor or "nobody")), *facts]
    st.markdown("\n".join(f"- {name}: **{value}**" for name, value in lines))
    st.code(entry.request_id or entry.id, language=None)


def _request_facts(entry: AuditEntry, account: str | None) -> list[tuple[str, str]]:
    cost = "unpriced" if entry.cost is None else f"${format_usd(entry.cost)}"
    status = entry.status if entry.error_code is None else f"{entry.status}, {entry.error_code}"
    read = entry.input_tokens + entry.cache_read_tokens + entry.cache_write_tokens + entry.cache_write_1h_tokens
    tokens = f"{read:,} read ({entry.cache_read_tokens:,} cached), {entry.output_tokens:,} written"
    if entry.reasoning_tokens:
        tokens += f", {entry.reasoning_tokens:,} reasoning"
    return [
        ("Status", literal(status)),
        ("Account", literal(account or "none")),
        ("Use case", literal(entry.use_case or "none")),
        ("Served by", literal(f"{entry.provider or 'nobody'} ({entry.model or 'no model'})")),
        ("Tokens", literal(tokens)),
        ("Cost", literal(f"{cost}{', estimated' if entry.estimated else ''}")),
        ("Latency", f"{duration(entry.latency_ms)}, first token {duration(entry.first_token_ms)}"),
        ("Calls", count(entry.attempts)),
        ("From", literal(entry.address or "this process")),
    ]


def _act_facts(entry: AuditEntry, account: str | None) -> list[tuple[str, str]]:
    return [
        ("Role", literal(entry.role or "none")),
        ("Object", literal(entry.target or "none")),
        ("Account", literal(account or "all")),
    ]


def _request(detail: AuditDetail) -> None:
    if detail.decision is None:
        st.markdown(":gray[The decision trace was removed by retention.]")
    else:
        draw_trace(detail.decision)
    if detail.metadata:
        st.markdown("**Metadata**")
        _document(detail.metadata)
    if detail.content is None:
        st.markdown(":gray[Prompt and answer are not kept: the account does not allow it, or retention removed them.]")
        return
    for name, text in (("Prompt", detail.content.prompt), ("Answer", detail.content.answer)):
        st.markdown(f"**{name}**")
        st.code(text, language=None, wrap_lines=True)


def _act(detail: AuditDetail) -> None:
    if detail.detail:
        st.markdown("**Detail**")
        _document(detail.detail)
    if detail.before is not None or detail.after is not None:
        left, right = st.columns(2, gap="small")
        with left:
            st.markdown("**Before**")
            _document(detail.before)
        with right:
            st.markdown("**After**")
            _document(detail.after)


def _document(value: Any) -> None:
    st.code(json.dumps(value, indent=2, ensure_ascii=False, default=str), language="json", wrap_lines=True)

"""The decision trace: every candidate with its reason, every attempt with its outcome and time."""

from html import escape

import streamlit as st

from console.format import DASH, duration, literal
from console.status import attempt_mark, badge
from router_core.types import Attempt, Decision

__all__ = ["draw_trace", "route_sentence"]

BAR_COLOURS = {"green": "#16a34a", "gray": "#94a3b8"}
FAILED_COLOUR = "#dc2626"


def route_sentence(decision: Decision) -> str:
    """Return, as Markdown, where the request would go and why, and what stands behind it."""
    kept = [each for each in decision.considered if each.kept]
    if not kept:
        reasons = "; ".join(f"{literal(each.provider)}: {literal(each.reason)}" for each in decision.considered)
        return f"No provider can take this request. {reasons}"
    first, rest = kept[0], kept[1:]
    sentence = f"Would go to **{literal(first.provider)}** ({literal(first.model)}): {literal(first.reason)}."
    if rest:
        sentence += " If it fails: " + ", then ".join(literal(each.provider) for each in rest) + "."
    return sentence


def draw_trace(decision: Decision) -> None:
    """Draw what was considered and what was tried."""
    if decision.attempts:
        st.markdown("**Attempts**")
        _attempts(decision.attempts)
    st.markdown("**Candidates**")
    lines = ["| | Provider | Model | Why |", "|:--|:--|:--|:--|"]
    for each in decision.considered:
        mark = ":green-badge[:material/check: Kept]" if each.kept else ":gray-badge[:material/close: Dropped]"
        lines.append(f"| {mark} | {literal(each.provider)} | {literal(each.model)} | {literal(each.reason)} |")
    st.markdown("\n".join(lines))
    st.caption(
        f"Use case {literal(decision.use_case)} · about {decision.estimated_input_tokens:,} input tokens · "
        f"configuration revision {decision.revision}"
    )


def _attempts(attempts: tuple[Attempt, ...]) -> None:
    lines = ["| # | Provider | Outcome | First token | Time | |", "|--:|:--|:--|--:|--:|:--|"]
    for each in attempts:
        note = literal(each.error or "")
        lines.append(
            f"| {each.number} | {literal(each.provider)} | {badge(attempt_mark(each))} | "
            f"{duration(each.first_token_ms) if each.first_token_ms is not None else DASH} | "
            f"{duration(each.latency_ms)} | {note} |"
        )
    st.markdown("\n".join(lines))
    st.html(_timeline(attempts))


def _timeline(attempts: tuple[Attempt, ...]) -> str:
    """Return bars on a common time axis; text beside them says the same."""
    whole = max(each.started_ms + each.latency_ms for each in attempts) or 1.0
    rows = []
    for each in attempts:
        left, width = 100 * each.started_ms / whole, max(0.6, 100 * each.latency_ms / whole)
        colour = BAR_COLOURS.get(attempt_mark(each).colour, FAILED_COLOUR)
        label = f"Attempt {each.number}: {each.provider}, {each.outcome}, {duration(each.latency_ms)}"
        rows.append(
            f'<div role="img" aria-label="{escape(label)}" title="{escape(label)}" style="height:8px;border-radius:4px;'
            f'background:rgba(128,140,160,.16);margin:4px 0;overflow:hidden"><div style="margin-left:{left:.2f}%;'
            f'width:{min(width, 100 - left):.2f}%;height:8px;border-radius:4px;background:{colour}"></div></div>'
        )
    return f'<div style="margin:.1rem 0 .4rem">{"".join(rows)}</div>'

"""The decision trace: every candidate with its reason, every attempt with its outcome and time."""

from html import escape

import streamlit as st

from console.format import duration, literal
from console.status import attempt_mark, badge
from router_core.types import Attempt, Decision, ToolRun

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
    """Draw what was tried and what was considered."""
    if decision.attempts:
        st.markdown("**Attempts**")
        _attempts(decision.attempts)
    if isinstance(decision.tools, tuple):
        st.markdown("**Tools**")
        _tools(decision.tools)
    st.markdown("**Candidates**")
    with st.container(gap="xsmall"):
        for each in decision.considered:
            mark = ":green-badge[:material/check: Kept]" if each.kept else ":gray-badge[:material/close: Dropped]"
            who = f"**{literal(each.provider)}** :gray[{literal(each.model)}]"
            st.markdown(f"{mark} {who} :gray[·] {literal(each.reason)}")
    st.caption(
        f"Use case {literal(decision.use_case)} · about {decision.estimated_input_tokens:,} input tokens · "
        f"configuration revision {decision.revision}"
    )


def _attempts(attempts: tuple[Attempt, ...]) -> None:
    whole = max(each.started_ms + each.latency_ms for each in attempts) or 1.0
    has_steps = attempts[-1].step > 1
    with st.container(gap="xsmall"):
        for each in attempts:
            facts = [f"step {each.step}"] if has_steps else []
            facts.append(f"**{duration(each.latency_ms)}**")
            if each.first_token_ms is not None:
                facts.append(f":gray[first token {duration(each.first_token_ms)}]")
            if each.status is not None:
                facts.append(f":gray[HTTP {each.status}]")
            if each.error:
                facts.append(f":gray[{literal(each.error)}]")
            who = f"**{literal(each.provider)}** :gray[{literal(each.model)}]"
            st.markdown(f"{badge(attempt_mark(each))} {who} :gray[·] " + " :gray[·] ".join(facts))
            st.html(_bar(each, whole))


def _tools(runs: tuple[ToolRun, ...]) -> None:
    with st.container(gap="xsmall"):
        for each in runs:
            colour = "green" if each.outcome == "success" else "red"
            st.markdown(
                f":{colour}-badge[{each.outcome}] **{literal(each.name)}** :gray[·] step {each.step} :gray[·] "
                f"**{duration(each.latency_ms)}**"
            )


def _bar(attempt: Attempt, whole: float) -> str:
    """Return the attempt's place on the time axis of all attempts; the text above it says the same."""
    left, width = 100 * attempt.started_ms / whole, max(0.8, 100 * attempt.latency_ms / whole)
    colour = BAR_COLOURS.get(attempt_mark(attempt).colour, FAILED_COLOUR)
    label = f"Attempt {attempt.number}: {attempt.provider}, {attempt.outcome}, {duration(attempt.latency_ms)}"
    return (
        f'<div role="img" aria-label="{escape(label)}" style="height:6px;border-radius:3px;'
        f'background:rgba(128,140,160,.16);overflow:hidden"><div style="margin-left:{min(left, 99):.2f}%;'
        f'width:{min(width, 100 - min(left, 99)):.2f}%;height:6px;border-radius:3px;background:{colour}"></div></div>'
    )

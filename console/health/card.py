"""Draws one provider's card."""

from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import THIN, duration, literal
from console.health.card_words import Fact, breaker_line, card_facts, figures, partners
from console.health.orders import OrderKind, menu_key, place_order
from console.health.uptime import uptime_strip
from console.palette import paint
from console.status import Colour, badge, provider_mark
from router_core.types import HealthReport, ProviderReport

__all__ = ["draw_card"]

NEWEST_POINTS = 3
STEADY = 0.005
SHORTEST_LINE = 3
# What a metric's line takes, so that cards without one keep their lines level with their neighbours'.
LINE_HEIGHT = "4rem"
ICONS: dict[OrderKind, str] = {
    "reset": ":material/restart_alt:",
    "open": ":material/block:",
    "closed": ":material/lock_open:",
}
LINE_COLOURS: dict[Colour, str] = {"green": "blue", "orange": "orange", "red": "red", "gray": "gray", "blue": "blue"}


def draw_card(each: ProviderReport, report: HealthReport, zone: ZoneInfo, *, in_control: bool) -> None:
    """Draw what is known of ``each``, and the control of its breaker for someone ``in_control`` of it."""
    mark = provider_mark(each.word)
    with st.container(border=True, gap="xsmall", height="stretch", key=f"health_card_{each.provider}"):
        st.markdown(f"**{literal(each.provider)}**")
        st.markdown(f"{badge(mark)} :small[:gray[{literal(each.model)}]]")
        _latency(each, mark.colour)
        st.html(uptime_strip(each, zone))
        st.html(_figures(figures(each)))
        st.html(_facts(card_facts(each, report)))
        shared = partners(each, report)
        if shared:
            st.html(
                f'<div style="font-size:.8rem;opacity:.8">Shares its breaker with {escape(", ".join(shared))}</div>'
            )
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
            st.html(_breaker(each, breaker_line(each, report, zone)))
            if in_control:
                _control(each)


def _latency(each: ProviderReport, colour: Colour) -> None:
    """Draw the newest p95; without calls there is no line, and no change to speak of."""
    known = [point.p95_ms for point in each.series if point.p95_ms is not None]
    newest = next((point.p95_ms for point in reversed(each.series[-NEWEST_POINTS:]) if point.p95_ms is not None), None)
    options: dict[str, Any] = {"delta": "no recent calls", "delta_arrow": "off", "delta_color": "gray"}
    if newest is not None and each.median_p95_ms:
        change = newest / each.median_p95_ms - 1
        is_steady = abs(change) < STEADY
        options = {
            "delta": "steady" if is_steady else f"{change * 100:+.0f}{THIN}%",
            "delta_arrow": "off" if is_steady else "auto",
            "delta_description": "vs median",
            "delta_color": LINE_COLOURS[colour],
        }
    if len(known) >= SHORTEST_LINE:
        options |= {"chart_data": known, "chart_type": "area"}
    st.metric("p95 latency", duration(newest), **options)
    if "chart_data" not in options:
        st.html(
            f'<div style="height:{LINE_HEIGHT};display:flex;align-items:center;font-size:.8rem;opacity:.75">'
            "Too few calls for a line</div>"
        )


def _figures(facts: list[Fact]) -> str:
    cells = "".join(
        f'<div title="{escape(fact.title)}"><span style="opacity:.75">{escape(fact.label)}</span><br>'
        f"{escape(fact.value)}</div>"
        for fact in facts
    )
    return (
        '<div style="display:grid;grid-template-columns:repeat(4,auto);justify-content:space-between;gap:.5rem;'
        f'font-size:.8rem;line-height:1.35;white-space:nowrap">{cells}</div>'
    )


def _facts(facts: list[Fact]) -> str:
    lines = "".join(
        f'<dt style="margin:0;padding:0;font-weight:400;opacity:.75;white-space:nowrap">{escape(fact.label)}</dt>'
        f'<dd style="margin:0;padding:0;text-align:right;overflow-wrap:anywhere" title="{escape(fact.title)}">'
        f"{escape(fact.value)}</dd>"
        for fact in facts
    )
    return (
        '<dl style="padding:0;display:grid;grid-template-columns:max-content 1fr;gap:.22rem .9rem;margin:.2rem 0 0;'
        f'font-size:.8rem;line-height:1.35">{lines}</dl>'
    )


def _breaker(each: ProviderReport, line: Fact) -> str:
    breaker = None if each.upstream is None else each.upstream.breaker
    tone = ""
    if breaker is not None and (breaker.forced is not None or breaker.state != "CLOSED"):
        tone = f"color:{paint('red' if breaker.state == 'OPEN' else 'orange')};font-weight:600"
    return (
        f'<div style="font-size:.82rem" title="{escape(line.title)}"><span style="{tone}">{escape(line.label)}</span>'
        f'<span style="opacity:.8"> · {escape(line.value)}</span></div>'
    )


def _control(each: ProviderReport) -> None:
    name = each.provider
    no_key = each.upstream is None
    help_text = "Without a key there is no breaker to control." if no_key else None
    menu = st.popover(
        "Control", type="tertiary", disabled=no_key, help=help_text, key=menu_key(name), on_change="rerun"
    )
    if each.upstream is None:
        return
    breaker = each.upstream.breaker
    held = None if breaker.forced is None else breaker.forced.phase
    quiet = breaker.state == "CLOSED" and held is None and not breaker.failure_count and not each.upstream.resting_ms
    with menu, st.container(gap="xxsmall"):
        _choice("reset", name, "Reset", "Nothing to reset: closed, without failures, not resting." if quiet else None)
        _choice("open", name, "Force open", "It is forced open already." if held == "OPEN" else None)
        _choice("closed", name, "Force closed", "It is forced closed already." if held == "CLOSED" else None)


def _choice(kind: OrderKind, name: str, label: str, idle: str | None) -> None:
    """Draw a button, disabled with the reason ``idle`` when it would do nothing."""
    st.button(
        label,
        icon=ICONS[kind],
        type="tertiary",
        disabled=idle is not None,
        help=idle,
        key=f"health_{kind}_{name}",
        on_click=place_order,
        args=(kind, name),
    )

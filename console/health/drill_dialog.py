"""The dialog that starts a drill: which provider, how it fails, how much, how long, and who takes over."""

from typing import Final, get_args

import streamlit as st

from console.format import THIN, literal
from console.health.confirm import ask_reason, decide
from console.health.news import bold, fault_clause, instead
from console.identity import Visitor
from console.status import FAULT_WORDS
from router_core.types import DrillFault, DrillOrder, HealthReport, ProviderReport

__all__ = ["blast_radius", "draw_drill_order"]

DURATIONS: Final = {"30 s": 30, "1 min": 60, "5 min": 300, "15 min": 900}
DELAYS_S: Final = (1, 2, 5, 10, 30)
MIDWAY: Final[frozenset[DrillFault]] = frozenset({"stalled_stream", "cut"})
STREAMS_BREAK: Final = "Streams that began end in an error, unless their use case resumes them. "


def draw_drill_order(visitor: Visitor, report: HealthReport) -> None:
    """Draw the form and, with the provider's name typed, start the drill."""
    running = {each.drill.order.provider for each in report.drills if each.active}
    free = {each.provider: each for each in report.providers if each.word != "disabled"}
    if not free:
        st.markdown("No provider is in use, so there is nothing to drill.")
        return
    name = st.selectbox("Provider", list(free), key="health_drill_provider")
    if name in running:
        st.info(f"A drill already runs on {bold(name)}. Stop it, or let it end, before the next.")
        return
    order = _ask(name)
    st.markdown(blast_radius(order, free[name]))

    def start() -> str:
        visitor.stage.bridge.call(visitor.stage.backend.start_drill(visitor.person, order))
        return f"The drill on {literal(name)} runs."

    decide(name, "Start the drill", start, reason=order.reason)


def blast_radius(order: DrillOrder, each: ProviderReport) -> str:
    """Return in plain words, as Markdown, whom the drill hits and who helps them."""
    return (
        f":material/warning: **{order.percent:g}{THIN}% of calls to {literal(order.provider)} "
        f"{fault_clause(order)} for {order.duration_s}{THIN}s**; {instead(each)}. "
        f"{STREAMS_BREAK if order.fault in MIDWAY else ''}"
        "These are real requests of real users, and the breaker may open. The drill ends by itself."
    )


def _ask(name: str) -> DrillOrder:
    fault: DrillFault = st.selectbox(
        "Fault", list(get_args(DrillFault)), format_func=FAULT_WORDS.__getitem__, key="health_drill_fault"
    )
    delay = 5
    if fault == "slow_first_token":
        picked_delay = st.segmented_control(
            "How late the first token comes", DELAYS_S, default=5, required=True, key="health_drill_delay",
            format_func=lambda seconds: f"{seconds}{THIN}s",
        )  # fmt: skip
        delay = picked_delay or delay
    percent = st.slider("Share of its calls", 1, 100, 100, key="health_drill_percent", format="%d %%")
    lasts = st.segmented_control(
        "For how long", list(DURATIONS), default="1 min", required=True, key="health_drill_lasts"
    )
    reason = ask_reason("health_drill_reason")
    return DrillOrder(
        provider=name,
        fault=fault,
        percent=percent,
        duration_s=DURATIONS[lasts or "1 min"],
        delay_s=delay,
        reason=reason,
    )

"""The dialogs of the health board: nothing happens before the provider's name was typed."""

from typing import Final, Literal

import streamlit as st

from console.format import literal
from console.health.card_words import partners
from console.health.confirm import ask_reason, decide
from console.health.drill_dialog import draw_drill_order
from console.health.news import bold, instead
from console.health.orders import Order, close_order
from console.identity import Visitor, require
from router_core.types import HealthReport, ProviderReport

__all__ = ["draw_order", "what_happens"]

EXPIRIES: Final[dict[str, float | None]] = {
    "15 min": 900,
    "1 h": 3_600,
    "4 h": 14_400,
    "Until reset": None,
}
TITLES: Final = {
    "reset": "Reset circuit breaker",
    "open": "Force circuit breaker open",
    "closed": "Force circuit breaker closed",
    "drill": "Start a drill",
}
ICONS: Final = {
    "reset": ":material/restart_alt:",
    "open": ":material/block:",
    "closed": ":material/lock_open:",
    "drill": ":material/science:",
}


def draw_order(order: Order) -> None:
    """Open the dialog of ``order``; who confirms it is checked again each time it is drawn."""
    dialog = st.dialog(TITLES[order.kind], icon=ICONS[order.kind], on_dismiss=close_order)
    dialog(_draw)(order)


def _draw(order: Order) -> None:
    visitor = require("health", touch=True)
    report = visitor.stage.bridge.call(visitor.stage.backend.health(visitor.person, "1h"))
    if order.kind == "drill":
        draw_drill_order(visitor, report)
        return
    chosen = next((each for each in report.providers if each.provider == order.provider), None)
    if chosen is None:
        st.warning(f"{literal(order.provider)} is not configured any more.", icon=":material/help:")
        return
    _breaker(visitor, order, chosen, report)


def what_happens(kind: str, each: ProviderReport, report: HealthReport) -> str:
    """Return in plain words, as Markdown, what the action ``kind`` does to ``each``."""
    name, shared = bold(each.provider), partners(each, report)
    also = f" {bold(', '.join(shared))} shares its breaker, so the same goes for it." if shared else ""
    if kind == "open":
        return (
            f"No request reaches {name} for the chosen time: {instead(each)}. "
            f"After that, one call at a time tests it before it takes its traffic again.{also}"
        )
    if kind == "closed":
        return f"Traffic reaches {name} for the chosen time, however often it fails: failures do not open it.{also}"
    force = None if each.upstream is None else each.upstream.breaker.forced
    ends = "" if force is None else f" The force of {literal(force.actor)} ends."
    return (
        f"Traffic to {name} resumes at once; its failures are forgotten and its rests end.{ends} "
        f"If it is still failing, the breaker opens again.{also}"
    )


def _breaker(visitor: Visitor, order: Order, each: ProviderReport, report: HealthReport) -> None:
    name, call, backend, person = order.provider, visitor.stage.bridge.call, visitor.stage.backend, visitor.person
    st.markdown(what_happens(order.kind, each, report))
    if order.kind == "reset":

        def reset() -> str:
            call(backend.reset_breaker(person, name, ""))
            return f"The breaker of {literal(name)} is reset."

        decide(name, "Reset breaker", reset, reason=None)
        return
    phase: Literal["OPEN", "CLOSED"] = "OPEN" if order.kind == "open" else "CLOSED"
    picked = st.segmented_control("For how long", list(EXPIRIES), default="15 min", required=True, key="health_expiry")
    reason = ask_reason("health_reason")

    def force() -> str:
        call(backend.force_breaker(person, name, phase, reason=reason, seconds=EXPIRIES[picked or "15 min"]))
        return f"The breaker of {literal(name)} is forced {phase.lower()}."

    decide(name, f"Force {phase.lower()}", force, reason=reason)

"""The dialogs of the health board: nothing happens before the provider's name was typed."""

from collections.abc import Callable
from typing import Final, Literal, get_args

import streamlit as st

from console.format import literal, prose
from console.health.orders import Order, close_order
from console.identity import Visitor
from console.status import FAULT_WORDS
from router_core.errors import LLMError
from router_core.types import DrillFault, DrillOrder

__all__ = ["draw_order"]

EXPIRIES: Final[dict[str, float | None]] = {
    "15 minutes": 900,
    "1 hour": 3_600,
    "4 hours": 14_400,
    "Until it is reset": None,
}
DURATIONS: Final = {"30 seconds": 30, "1 minute": 60, "5 minutes": 300, "15 minutes": 900}
TITLES: Final = {
    "reset": "Reset circuit breaker",
    "open": "Force circuit breaker open",
    "closed": "Force circuit breaker closed",
    "drill": "Start a drill",
}
SAYS: Final = {
    "reset": "Traffic to **{name}** resumes at once, and a force or rest on it ends. "
    "If it is still failing, the breaker opens again.",
    "open": "No request reaches **{name}** until the time is over; the next provider serves instead. "
    "After that, single calls test it first.",
    "closed": "Every request may reach **{name}**, however often it fails. Failures are still counted.",
}


def draw_order(visitor: Visitor, order: Order, providers: list[str]) -> None:
    """Open the dialog of ``order``."""
    title = TITLES[order.kind]
    st.dialog(title, on_dismiss=close_order)(_drill if order.kind == "drill" else _breaker)(visitor, order, providers)


def _breaker(visitor: Visitor, order: Order, _providers: list[str]) -> None:
    name = order.provider
    st.markdown(SAYS[order.kind].format(name=literal(name)))
    reason, seconds = "", None
    if order.kind != "reset":
        reason = st.text_input("Reason", max_chars=200, key="health_reason", placeholder="Shown to everyone on duty")
        picked = st.selectbox("For how long", list(EXPIRIES), key="health_expiry")
        seconds = EXPIRIES[picked]
    ready = _typed(name) and (order.kind == "reset" or bool(reason.strip()))
    backend, person = visitor.stage.backend, visitor.person

    def act() -> str:
        call = visitor.stage.bridge.call
        if order.kind == "reset":
            call(backend.reset_breaker(person, name, ""))
            return f"The breaker of {name} is reset."
        phase: Literal["OPEN", "CLOSED"] = "OPEN" if order.kind == "open" else "CLOSED"
        call(backend.force_breaker(person, name, phase, reason=reason, seconds=seconds))
        return f"The breaker of {name} is forced {phase.lower()}."

    _buttons("Reset breaker" if order.kind == "reset" else TITLES[order.kind], act, ready=ready)


def _drill(visitor: Visitor, _order: Order, providers: list[str]) -> None:
    name = st.selectbox("Provider", providers, key="health_drill_provider")
    fault: DrillFault = st.selectbox(
        "Fault", list(get_args(DrillFault)), format_func=FAULT_WORDS.__getitem__, key="health_drill_fault"
    )
    percent = st.slider("Share of its calls, in percent", 1, 100, 100, key="health_drill_percent")
    lasts = st.selectbox("For how long", list(DURATIONS), index=1, key="health_drill_lasts")
    reason = st.text_input("Reason", max_chars=200, key="health_drill_reason", placeholder="Shown to everyone on duty")
    st.markdown(
        f"{percent}\u202f% of the calls to **{literal(name)}** get “{FAULT_WORDS[fault]}” for {lasts}. These are real "
        "requests of real users: the next provider takes them where there is one. The drill ends by itself."
    )
    order = DrillOrder(provider=name, fault=fault, percent=percent, duration_s=DURATIONS[lasts], reason=reason)
    ready = _typed(name) and bool(reason.strip())

    def act() -> str:
        visitor.stage.bridge.call(visitor.stage.backend.start_drill(visitor.person, order))
        return f"The drill of {name} runs for {lasts}."

    _buttons("Start the drill", act, ready=ready)


def _typed(name: str) -> bool:
    """Ask for ``name`` and say whether it was typed."""
    typed = st.text_input(f"Type `{name}` to confirm", key=f"health_confirm_{name}", autocomplete="off")
    return typed.strip() == name


def _buttons(label: str, act: Callable[[], str], *, ready: bool) -> None:
    """Draw the way back and the way on, which stays shut until everything was filled in."""
    back, on = st.columns(2)
    if back.button("Cancel", width="stretch", key="health_cancel"):
        close_order()
        st.rerun()
    missing = None if ready else "Fill in the reason and type the name first."
    if not on.button(label, type="primary", width="stretch", disabled=not ready, help=missing, key="health_confirm"):
        return
    try:
        said = act()
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    close_order(said)
    st.rerun()

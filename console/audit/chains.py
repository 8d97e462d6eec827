"""Verifying the hash chains from the screen: a button, how far it is, and what came of it."""

import streamlit as st

from console.format import count, literal, moment, zone_of
from console.identity import Visitor, require
from router_core.admin.chain_check import ChainCheckState
from router_core.audit.verifier import ChainReport

__all__ = ["draw_check", "offer_check"]

OPEN_KEY = "audit_check"
TICK_S = 1


def offer_check(visitor: Visitor) -> None:
    """Draw the button."""
    running = visitor.stage.bridge.call(visitor.stage.backend.chain_check(visitor.person)).running
    label = "Verifying" if running else "Verify"
    help_text = "Check the hash chains: whether any row was changed, removed, put in, moved or cut off."
    st.button(
        label, key="audit_verify", icon=":material/verified_user:", help=help_text, disabled=running, on_click=_start
    )


def draw_check(visitor: Visitor) -> None:
    """Draw what the check that this visit asked for has found so far; renewed while it runs."""
    if not st.session_state.get(OPEN_KEY):
        return
    running = visitor.stage.bridge.call(visitor.stage.backend.chain_check(visitor.person)).running
    st.fragment(_draw, run_every=TICK_S if running else None)(running)


def _draw(was_running: bool) -> None:
    visitor = require("audit")
    state = visitor.stage.bridge.call(visitor.stage.backend.chain_check(visitor.person))
    if was_running and not state.running:
        st.rerun()
    if state.running:
        st.info(f"Verifying: **{state.rows:,}** rows checked so far.", icon=":material/hourglass_top:")
    elif state.error is not None:
        st.error(f"The check could not be finished: {literal(state.error)}.", icon=":material/cloud_off:")
    elif state.verdict is not None and state.verdict.sound:
        _sound(visitor, state)
    elif state.verdict is not None:
        faults = [*map(_fault, state.verdict.reports), *map(_forged, state.verdict.forged)]
        st.error("\n\n".join(["**The audit log is not as it was written.**", *filter(None, faults)]))


def _sound(visitor: Visitor, state: ChainCheckState) -> None:
    if state.verdict is None or state.ended is None:
        return
    when = moment(state.ended, zone_of(st.context.timezone), visitor.stage.clock.utcnow(), seconds=True)
    rows = sum(each.rows for each in state.verdict.reports)
    open_ends = [each for each in state.verdict.reports if not each.end_known]
    chains = len(state.verdict.reports)
    words = (
        f"**All {rows:,} rows are as they were written**, in {count(chains)} {'chain' if chains == 1 else 'chains'}, "
    )
    words += f"at {when}."
    if open_ends:
        words += (
            f" The ends of {count(len(open_ends))} of them are not kept here: "
            "rows cut off there since the last signature would not be noticed."
        )
    st.success(words, icon=":material/verified_user:")


def _fault(report: ChainReport) -> str:
    if report.fault is None:
        return ""
    row = "" if report.fault.id is None else f" ({literal(report.fault.id)})"
    return f"Chain {literal(report.writer)}, row {report.fault.seq:,}{row}: {literal(report.fault.what)}."


def _forged(name: str) -> str:
    return f"{literal(name)}: the end that is kept outside the store is not signed by us."


def _start() -> None:
    visitor = require("audit", touch=True)
    visitor.stage.bridge.call(visitor.stage.backend.start_chain_check(visitor.person))
    st.session_state[OPEN_KEY] = True

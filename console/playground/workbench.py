"""The left-hand column: prompt, route preview, answer and history."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from console.identity import Visitor, require
from console.playground.answer import draw_answer, draw_earlier, draw_follow_up, draw_streaming, headline
from console.playground.parameters import Parameters, build_request
from console.playground.run import complete_trace, follow, history, new_turn
from console.playground.trace import route_sentence
from console.playground.turn import Turn, readable_error
from router_core.errors.base import LLMError
from router_core.types import LLMRequest

__all__ = ["draw_workbench"]

EXAMPLE = "Explain in two sentences what a railway signal box does."


def draw_workbench(visitor: Visitor, parameters: Parameters) -> None:
    """Draw the column; a prompt that was just sent is answered here."""
    prompt, sent = _composer(parameters)
    if sent and prompt.strip():
        _preview(visitor, build_request(parameters, prompt))
        request: LLMRequest | None = build_request(parameters, prompt)
    else:
        _preview(visitor, build_request(parameters, prompt or EXAMPLE))
        request = st.session_state.pop("playground_resend", None)
    turns = history()
    if request is not None:
        _send(visitor, request)
    elif turns:
        complete_trace(visitor, turns[-1])
        with st.container(border=True, key="playground_answer"):
            draw_answer(turns[-1])
    else:
        _nothing_yet()
    if turns:
        if draw_follow_up(turns[-1], str(st.context.url or "")):
            st.session_state["playground_resend"] = turns[-1].request
            st.rerun()
        draw_earlier(turns[:-1])


def _composer(parameters: Parameters) -> tuple[str, bool]:
    with st.form("playground_form", border=True):
        prompt = st.text_area(
            "Prompt", height=128, placeholder=EXAMPLE, key="playground_prompt", persist_state="session"
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            sent = st.form_submit_button(
                "Send", type="primary", icon=":material/send:", key="playground_send", disabled=bool(parameters.faults)
            )
            st.caption("Ctrl + Enter sends", width="content")
    if sent and not prompt.strip():
        st.warning("Write a prompt first.", icon=":material/edit:")
    return prompt, sent and not parameters.faults


def _preview(visitor: Visitor, request: LLMRequest) -> None:
    try:
        sentence = route_sentence(visitor.stage.bridge.call(visitor.stage.backend.route(visitor.person, request)))
    except LLMError as error:
        title, advice = readable_error(error)
        sentence = f"{title}: {advice}"
    with st.container(key="playground_preview"):
        st.markdown(f":small[:material/alt_route: {sentence}]")


def _send(visitor: Visitor, request: LLMRequest) -> None:
    """Answer ``request``; the Stop button starts a new run, which ends this one and with it the call."""
    current = require("playground")
    turn = new_turn(current, request)
    with st.container(border=True, key="playground_answer"):
        head = st.empty()
        with head.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            title = st.empty()
            st.button("Stop", icon=":material/stop_circle:", key="playground_stop")
        body = st.empty()
        _redraw(title, body, turn)
        follow(visitor, turn, lambda running: _redraw(title, body, running))
        complete_trace(visitor, turn)
        head.empty()
        with body.container():
            draw_answer(turn)


def _redraw(title: DeltaGenerator, body: DeltaGenerator, turn: Turn) -> None:
    title.markdown(headline(turn), width="content")
    with body.container():
        draw_streaming(turn)


def _nothing_yet() -> None:
    with st.container(border=True, key="playground_empty"):
        st.markdown("**No prompt sent yet**")
        st.markdown(
            ":gray[The answer streams in here, with the provider that gave it, what it cost, how long it took, "
            "and why the router chose it.]"
        )

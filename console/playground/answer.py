"""An answer as it is shown: who gave it, the text, the figures, the trace."""

import json

import streamlit as st

from console.format import DASH, THIN, count, duration, literal, money, prose
from console.playground.curl import curl_command
from console.playground.trace import draw_trace
from console.playground.turn import Turn, readable_error
from router_core.types import parse_usd

__all__ = ["draw_answer", "draw_earlier", "draw_follow_up", "draw_streaming", "headline"]

STATES = {
    "running": ":blue-badge[:material/progress_activity: Streaming]",
    "done": ":green-badge[:material/check_circle: Done]",
    "stopped": ":gray-badge[:material/stop_circle: Stopped]",
    "failed": ":red-badge[:material/error: Failed]",
}
PROMPT_PREVIEW = 90


def draw_streaming(turn: Turn) -> None:
    """Draw an answer that is being written, below its headline."""
    if turn.text:
        st.markdown(prose(turn.text) + "▍")
    elif turn.reasoning:
        st.markdown(":shimmer[Thinking]")
    else:
        st.markdown(":shimmer[Waiting for the first token]")
    st.caption(f"First token {duration(turn.first_token_ms)} · so far {duration(turn.total_ms)}")


def draw_answer(turn: Turn) -> None:
    """Draw an answer that has ended, well or not."""
    st.markdown(headline(turn))
    if turn.reasoning:
        with st.expander("Reasoning", type="compact"):
            st.markdown(prose(turn.reasoning))
    if turn.text:
        st.markdown(prose(turn.text))
    elif turn.state == "stopped":
        st.markdown(":gray[Stopped before the first token.]")
    for call in turn.tool_calls:
        st.markdown(f":material/build: Calls **{literal(call.tool_name)}** with")
        st.code(json.dumps(call.args, indent=2, ensure_ascii=False), language="json")
    if turn.error is not None:
        title, sentence = readable_error(turn.error)
        st.error(literal(sentence), title=title, icon=":material/error:")
    _figures(turn)


def draw_follow_up(turn: Turn, base_url: str) -> bool:
    """Draw what can be done with an answer; return whether to send the same prompt again."""
    with st.container(horizontal=True, gap="small"):
        label = "Retry" if turn.state in ("failed", "stopped") else "Send again"
        again = st.button(label, icon=":material/refresh:", key="playground_again")
        with st.popover("Copy as curl", icon=":material/terminal:"):
            st.code(curl_command(turn.request, base_url), language="bash", wrap_lines=True)
    if turn.decision is not None:
        with st.container(border=True, key="playground_trace"):
            st.subheader("Where it went, and why", anchor=False)
            draw_trace(turn.decision)
    return again


def draw_earlier(turns: list[Turn]) -> None:
    """Draw the answers before the newest, newest first, folded."""
    if not turns:
        return
    st.subheader("Earlier in this session", anchor=False)
    for turn in reversed(turns):
        prompt = turn.request.prompt or ""
        short = prompt if len(prompt) <= PROMPT_PREVIEW else f"{prompt[:PROMPT_PREVIEW]}…"
        with st.expander(f"{STATES[turn.state]} {literal(short)}"):
            st.markdown(f":gray[{literal(prompt)}]")
            draw_answer(turn)
            if turn.decision is not None:
                draw_trace(turn.decision)


def headline(turn: Turn) -> str:
    """Return, as Markdown, how far an answer is and who gives it."""
    where = f"**{literal(turn.provider)}** :gray[{literal(turn.model or '')}]" if turn.provider else ""
    return f"{STATES[turn.state]}  {where}"


def _figures(turn: Turn) -> None:
    usage = turn.response.usage if turn.response else None
    figures = [("First token", duration(turn.first_token_ms)), ("Total time", duration(turn.total_ms))]
    if usage is not None and turn.response is not None:
        spent = turn.response.cost.usd
        figures += [
            ("Tokens in", count(usage.prompt_tokens)),
            ("Tokens out", count(usage.completion_tokens)),
            ("Cost", literal(money(None if spent is None else parse_usd(spent)))),
        ]
        if turn.response.finish_reason != "stop":
            figures.append(("Ended by", turn.response.finish_reason))
    cells = f" :gray[·]{THIN} ".join(f":gray[{label}] **{value}**" for label, value in figures if value != DASH)
    st.markdown(cells)

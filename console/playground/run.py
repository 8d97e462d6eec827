"""Sends a prompt and follows the answer, at ten updates a second."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from console.identity import Visitor
from console.playground.turn import Turn
from router_core.clock import new_ulid
from router_core.errors.base import LLMError
from router_core.types import LLMRequest

__all__ = ["HISTORY_KEY", "complete_trace", "follow", "history", "new_turn"]

HISTORY_KEY: Final = "playground_history"
MAX_TURNS = 30
FRAME_S = 0.1


def history() -> list[Turn]:
    """Return this session's turns, oldest first; one that still runs was stopped, since this run replaced its own."""
    turns: list[Turn] = st.session_state.setdefault(HISTORY_KEY, [])
    for turn in turns:
        turn.stop()
    return turns


def new_turn(visitor: Visitor, request: LLMRequest) -> Turn:
    """Return a turn for ``request``, added to the history; the oldest makes room."""
    turns = history()
    turn = Turn(id=new_ulid(visitor.stage.clock), request=request)
    turns.append(turn)
    del turns[:-MAX_TURNS]
    return turn


def follow(visitor: Visitor, turn: Turn, redraw: Callable[[Turn], None]) -> None:
    """Stream the answer into ``turn``; leaving this run, for whatever reason, cancels the call upstream."""
    clock, backend = visitor.stage.clock, visitor.stage.backend
    started = clock.now()
    drawn = started
    parts = visitor.stage.bridge.stream(backend.stream(visitor.person, turn.request, turn.id))
    try:
        for part in parts:
            now = clock.now()
            if part is not None:
                turn.take(part, (now - started) * 1000)
            if now - drawn >= FRAME_S or turn.first_token_ms is None:
                turn.total_ms = (now - started) * 1000
                redraw(turn)
                drawn = now
    except LLMError as error:
        turn.fail(error, (clock.now() - started) * 1000)
    finally:
        parts.close()
    if turn.state == "running":
        turn.stop((clock.now() - started) * 1000)


def complete_trace(visitor: Visitor, turn: Turn) -> None:
    """Look up what was recorded of a turn that failed or was stopped, unless its trace is there already."""
    if turn.decision is None and turn.state in ("failed", "stopped"):
        event = visitor.stage.bridge.call(visitor.stage.backend.trace(visitor.person, turn.id))
        if event is not None:
            turn.recorded(event)

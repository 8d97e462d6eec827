"""What a script run stands on: the backend, the way to the loop, the clock, and who is there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from console.bridge import Bridge
from console.remote.bridge import RemoteBridge
from console.remote.link import Reachable
from console.remote.published import LINKED
from router_core.clock import Clock
from signalbox.loop import SERVED
from signalbox.screens.backend import ConsoleBackend
from signalbox.screens.in_process import InProcessBackend
from signalbox.sign_in.cookies import cookie_name

__all__ = ["STAGE_KEY", "Stage", "current_stage"]

STAGE_KEY: Final = "_stage"


@dataclass(frozen=True)
class Stage:
    """Everything that pages reach the outside through. ``read_token`` gives the session cookie's value, or anything.

    ``api`` tells whether the API elsewhere can be reached; it is None where this process serves the API itself.
    """

    backend: ConsoleBackend
    bridge: Bridge
    clock: Clock
    read_token: Callable[[], object]
    api: Reachable | None = None


def current_stage() -> Stage:
    """Return this session's stage: one that was placed in its state, else the API's elsewhere or this process's own."""
    placed = st.session_state.get(STAGE_KEY)
    if isinstance(placed, Stage):
        return placed
    linked = LINKED.current()
    if linked is not None:
        console, token = linked.console, _cookie_token()
        return Stage(
            backend=console.backend(token if isinstance(token, str) else ""),
            bridge=RemoteBridge(linked.loop, console.link),
            clock=console.link.clock,
            read_token=lambda: token,
            api=console.link,
        )
    served = SERVED.current()
    if served is None:
        raise RuntimeError("no server is running in this process")
    runtime = served.runtime
    return Stage(
        backend=InProcessBackend(runtime),
        bridge=Bridge(served.loop),
        clock=runtime.clock,
        read_token=_cookie_token,
    )


def _cookie_token() -> object:
    secure = str(st.context.url or "").startswith("https:")
    return st.context.cookies.get(cookie_name(secure=secure))

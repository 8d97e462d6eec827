"""What ``app.py`` takes from the console: its routes, its gate, and what happens when a page's script fails."""

import logging
from collections.abc import Callable

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from console.gate import ConsoleGate
from router_core.clock import Clock, SystemClock, new_ulid
from router_core.types import Principal
from signalbox.asgi import served_runtime
from signalbox.sign_in.served import served_routes

__all__ = ["console_middleware", "console_routes", "report_error"]

_log = logging.getLogger(__name__)


def console_routes() -> list[Route]:
    """Return the sign-in and sign-out pages of the server that runs in this process."""
    return served_routes(served_runtime, SystemClock())


def console_middleware() -> Middleware:
    """Return the gate before everything that is not the API."""
    return Middleware(ConsoleGate, check=_check)


def report_error(error: Exception) -> bool:
    """Log what a page's script raised under an id, and show only the id. Returns that it was shown."""
    return report_with(error, SystemClock(), _log.error)


def report_with(error: Exception, clock: Clock, write: Callable[..., None]) -> bool:
    """Do what :func:`report_error` does, with ``write`` as the log."""
    error_id = new_ulid(clock)
    write("a console page failed, error id %s", error_id, exc_info=error)
    st.error(
        f"The page could not be shown. Reload it; if this stays, give an operator the error id `{error_id}`.",
        title="Something went wrong",
        icon=":material/error:",
    )
    return True


async def _check(token: str, touch: bool) -> Principal | None:
    return await served_runtime().session_gate.check(token, touch=touch)

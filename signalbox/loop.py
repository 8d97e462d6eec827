"""Where the running server's runtime is to be found by those who are not on its event loop: the console's scripts."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp

if TYPE_CHECKING:
    from signalbox.bootstrap import Runtime

__all__ = ["SERVED", "Served", "ServedRuntime"]


@dataclass(frozen=True, slots=True)
class Served:
    """A runtime, its HTTP API, and the event loop that both live on."""

    runtime: "Runtime"
    api: ASGIApp
    loop: asyncio.AbstractEventLoop


class ServedRuntime:
    """Holds what the lifespan put in, until it takes it out again. Reading and writing are single steps."""

    __slots__ = ("_served",)

    def __init__(self) -> None:
        self._served: Served | None = None

    def publish(self, runtime: "Runtime", api: ASGIApp) -> None:
        """Make ``runtime`` known; call it on the loop that the runtime lives on."""
        self._served = Served(runtime, api, asyncio.get_running_loop())

    def withdraw(self) -> None:
        """Forget the runtime."""
        self._served = None

    def current(self) -> Served | None:
        """Return what is served, None while nothing is."""
        return self._served


SERVED: Final = ServedRuntime()
"""The one holder of a process: one server, one runtime. Streamlit gives scripts no other way to the server's loop."""

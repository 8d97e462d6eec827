"""Where scripts and routes of a console that stands alone find its connection to the API."""

import asyncio
from dataclasses import dataclass
from typing import Final

from console.remote.backend import RemoteConsole

__all__ = ["LINKED", "Linked", "LinkedConsole", "linked_console"]


@dataclass(frozen=True, slots=True)
class Linked:
    """A console's connection, and the event loop that it lives on."""

    console: RemoteConsole
    loop: asyncio.AbstractEventLoop


class LinkedConsole:
    """Holds what the lifespan put in, until it takes it out again. Reading and writing are single steps."""

    __slots__ = ("_linked",)

    def __init__(self) -> None:
        self._linked: Linked | None = None

    def publish(self, console: RemoteConsole) -> None:
        """Make ``console`` known; call it on the loop that it lives on."""
        self._linked = Linked(console, asyncio.get_running_loop())

    def withdraw(self) -> None:
        """Forget the console."""
        self._linked = None

    def current(self) -> Linked | None:
        """Return what is linked, None in a process that serves the API itself."""
        return self._linked


LINKED: Final = LinkedConsole()
"""The one holder of a process; Streamlit gives scripts no other way to the server's loop."""


def linked_console() -> RemoteConsole:
    """Return the connection. Raises ``RuntimeError`` outside the program's lifespan."""
    linked = LINKED.current()
    if linked is None:
        raise RuntimeError("this process is not connected to an API")
    return linked.console

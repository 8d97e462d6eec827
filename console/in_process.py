"""The backend for a console that shares the process with the router."""

from console.backend import ConsoleBackend
from console.bridge import Bridge
from router_core.clock import Clock

__all__ = ["published_backend"]


def published_backend() -> tuple[ConsoleBackend, Bridge, Clock]:
    """Return the running server's backend."""
    raise RuntimeError("no server is running in this process")

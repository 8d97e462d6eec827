"""Connections that are let go without losing a request: the answer says that it is the last one."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["lingering_protocol"]

# Long enough for the loop to read what has arrived before an idle connection is closed.
_LAST_LOOK_S: Final = 0.02


class _LingeringProtocol(HttpToolsProtocol):
    """Kept open while idle for ``linger_s`` seconds after the drain began, since a request may be on its way.

    Whatever is asked meanwhile is answered with ``Connection: close``, after which no client sends another request:
    that is how a connection ends without a race. One that nobody used for so long is closed.
    """

    linger_s: float = 0.0
    _leaving: bool = False

    def shutdown(self) -> None:
        """Begin to leave."""
        self._leaving = True
        cycle = self._newest()
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
            return
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.linger_s, self._look_once_more)

    def on_headers_complete(self) -> None:
        """Take a request; the last one when the server is leaving."""
        super().on_headers_complete()
        cycle = self._newest()
        if self._leaving and cycle is not None:
            cycle.keep_alive = False

    def _newest(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, whatever its type says

    def _look_once_more(self) -> None:
        # Timers run before sockets are read: data that is there already takes this timer away.
        self.timeout_keep_alive_task = self.loop.call_later(_LAST_LOOK_S, self.timeout_keep_alive_handler)


def lingering_protocol(linger_s: float) -> type[HttpToolsProtocol]:
    """Return the protocol whose idle connections stay open for ``linger_s`` seconds of a drain."""
    return type("LingeringProtocol", (_LingeringProtocol,), {"linger_s": linger_s})

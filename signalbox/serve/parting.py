"""Connections that a server lets go without losing a request: handed to another worker, or told that they end."""

import contextlib
import os
import socket
from typing import Final

from signalbox.inbound.limits import ConnectionGuard
from signalbox.inbound.protocol import GuardedProtocol

__all__ = ["Parting", "parting_protocol"]

# Long enough for the loop to read what has arrived before an idle connection is closed.
_LAST_LOOK_S: Final = 0.02
_TRY_AGAIN_S: Final = 0.05


class Parting:
    """How connections end once the server drains.

    With an ``heir`` each goes on in another worker between two requests, and its client notices nothing. Without one,
    what is asked is answered with ``Connection: close``, after which no client sends another request; an idle
    connection is closed when nothing came for ``linger_s`` seconds, since a request may be on its way.
    """

    def __init__(self, linger_s: float) -> None:
        self.linger_s = linger_s
        self.heir: socket.socket | None = None

    def hand_over(self, descriptor: int) -> bool:
        """Give a connection to the heir; return whether it took it."""
        if self.heir is None:
            return False
        try:
            socket.send_fds(self.heir, [b"c"], [descriptor])
        except BlockingIOError:
            return False
        except OSError:
            self.heir = None  # it is gone; the others linger
            return False
        return True


class _PartingProtocol(GuardedProtocol):
    parting: Parting
    _leaving: bool = False
    _receiving: bool = False

    def shutdown(self) -> None:
        """Begin to leave."""
        self._leaving = True
        self._part()

    def on_message_begin(self) -> None:
        self._receiving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._leaving and self.parting.heir is None:
            self._make_last()

    def on_message_complete(self) -> None:
        self._receiving = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._leaving:
            self.loop.call_soon(self._part)

    def _part(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_busy():
            if self.parting.heir is None:
                self._make_last()
            return  # its answer, or the rest of its request, brings it here again
        self._unset_keepalive_if_required()
        if self._hand_over():
            return
        later = self._part if self.parting.heir is not None else self._look_once_more
        wait = _TRY_AGAIN_S if self.parting.heir is not None else self.parting.linger_s
        self.timeout_keep_alive_task = self.loop.call_later(wait, later)

    def _is_busy(self) -> bool:
        cycle = self._newest()
        return bool(self.pipeline) or self._receiving or (cycle is not None and not cycle.response_complete)

    def _hand_over(self) -> bool:
        if self.parting.heir is None or self.transport.get_write_buffer_size():
            return False
        # What arrives from now on stays in the kernel, for the heir.
        self.transport.pause_reading()
        with contextlib.closing(socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno()))) as same:
            is_over = self.parting.hand_over(same.fileno())
        if is_over:
            self.transport.close()
        else:
            self.transport.resume_reading()
        return is_over

    def _make_last(self) -> None:
        cycle = self._newest()
        if cycle is not None:
            cycle.keep_alive = False

    def _look_once_more(self) -> None:
        # Timers run before sockets are read: data that is there already takes this timer away.
        self.timeout_keep_alive_task = self.loop.call_later(_LAST_LOOK_S, self.timeout_keep_alive_handler)


def parting_protocol(parting: Parting, guard: ConnectionGuard) -> type[GuardedProtocol]:
    """Return the HTTP protocol within ``guard`` whose connections end by ``parting``."""
    return type("PartingProtocol", (_PartingProtocol,), {"parting": parting, "guard": guard})

"""The one socket of all workers: bound by the parent, shared with each of them."""

import errno
import socket
from typing import Final

from signalbox.faults import DependencyFault

__all__ = ["base_url", "open_listener", "port_fault"]

_BACKLOG: Final = 2048
_WILDCARDS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not bound
_REASONS: Final = {
    errno.EADDRINUSE: "is taken by another program",
    errno.EACCES: "may not be used by this user",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
}


def open_listener(host: str, port: int) -> socket.socket:
    """Listen at ``host`` and ``port``. Raises :class:`DependencyFault` when that is not possible.

    The accepted connections inherit TCP_NODELAY: with Nagle's algorithm each answer on a kept connection would wait
    for the client's delayed acknowledgement, some 44 ms.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise port_fault(host, port, error) from None
    return listener


def port_fault(host: str, port: int, error: OSError) -> DependencyFault:
    """Return what to say when nobody can listen at ``host`` and ``port``."""
    if isinstance(error, socket.gaierror):
        return DependencyFault(f"the host {host} is not known")
    return DependencyFault(f"port {port} on {host} {_REASONS.get(error.errno or 0, error.strerror)}")


def base_url(host: str, port: int) -> str:
    """Return the URL under which a server on ``host`` is reached from this machine."""
    name = "127.0.0.1" if host in _WILDCARDS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

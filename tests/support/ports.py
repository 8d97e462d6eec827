"""Ports for servers of our own."""

import socket
from contextlib import suppress
from random import SystemRandom
from typing import Final

__all__ = ["free_port"]

# Below those that systems give to connections on their way out: none of these takes a port before its server does, nor
# while that is away.
_RANGE: Final = range(16_384, 32_768)


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses right now."""
    while True:
        port = SystemRandom().choice(_RANGE)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port

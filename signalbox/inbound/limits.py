"""How much of a connection's bytes, time and number a server takes."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from router_core.api.deps import DEFAULT_MAX_BODY_BYTES
from router_core.clock import Clock

__all__ = ["MAX_MESSAGE_BYTES", "ConnectionGuard", "ConnectionLimits", "ConnectionSeats"]

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""The largest websocket message that a browser may send; pages send what their fields hold, files come by HTTP."""

DEFAULT_MOST: Final = 4096
DEFAULT_MOST_PER_ADDRESS: Final = 1024


class ConnectionLimits(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds.

    A request's head has ``head_s`` from its first byte, a connection as long for its first request. Its body has
    ``body_s``, and another second for every ``body_rate`` bytes of it. ``ahead`` is how many requests may wait for the
    answer of the one before them. ``discard`` is what is read of a body that
    nobody wants any more, ``linger_s`` how long a refused client may take to read why. A client that reads nothing for
    ``stall_s`` is let go.
    """

    line: int = 16 * 1024
    head: int = 64 * 1024
    headers: int = 128
    ahead: int = 32
    body: int = DEFAULT_MAX_BODY_BYTES
    discard: int = 256 * 1024
    head_s: float = 10.0
    body_s: float = 10.0
    body_rate: int = 4096
    linger_s: float = 2.0
    stall_s: float = 60.0


class ConnectionSeats:
    """Counts open connections, in all and by address; addresses that ``is_exempt`` names stand for many clients."""

    def __init__(
        self,
        most: int = DEFAULT_MOST,
        per_address: int = DEFAULT_MOST_PER_ADDRESS,
        is_exempt: Callable[[str], bool] = lambda _address: False,
    ) -> None:
        self._most = most
        self._per_address = per_address
        self._is_exempt = is_exempt
        self._taken: Counter[str] = Counter()
        self.open = 0

    def is_free(self, address: str) -> bool:
        """Say whether there is room for one more connection from ``address``."""
        if self.open >= self._most:
            return False
        return self._taken[address] < self._per_address or self._is_exempt(address)

    def take(self, address: str) -> None:
        """Count a connection from ``address``, room or not."""
        self.open += 1
        self._taken[address] += 1

    def leave(self, address: str) -> None:
        """Count it no more."""
        self.open -= 1
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]


class ConnectionGuard:
    """What all connections of a server share."""

    def __init__(self, limits: ConnectionLimits, seats: ConnectionSeats, clock: Clock) -> None:
        self.limits = limits
        self.seats = seats
        self.clock = clock

"""Slows down who tries API keys that are none: so many a minute from one network address, then none for a while."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import RateLimitExceededError

__all__ = ["OTHERS", "KeyThrottle", "RefusedKeys", "ThrottlePolicy"]

DEFAULT_ATTEMPTS: Final = 20
DEFAULT_WINDOW_S: Final = 60.0
DEFAULT_CAPACITY: Final = 10_000
# What goes on record at a time: addresses told apart, and ids of existing keys that were named from each.
MOST_TOLD: Final = 50
MOST_KEYS_TOLD: Final = 5
# An IPv6 customer has at least so long a prefix to itself.
_IPV6_PREFIX: Final = 64
OTHERS: Final = "others"


class ThrottlePolicy(Struct, frozen=True, kw_only=True):
    """``attempts`` bad keys in ``window_s`` seconds are let pass, of each of ``capacity`` addresses at most.

    Raises ``ValueError`` for figures below 1.
    """

    attempts: int = DEFAULT_ATTEMPTS
    window_s: float = DEFAULT_WINDOW_S
    capacity: int = DEFAULT_CAPACITY

    def __post_init__(self) -> None:
        if min(self.attempts, self.window_s, self.capacity) < 1:
            raise ValueError("attempts, window and capacity of the throttle must be 1 at least")


class RefusedKeys(Struct, frozen=True):
    """What was refused from one address: keys that were none, tries that were not looked at, and the existing keys that
    were named with a wrong secret or are over.
    """

    address: str
    refused: int
    throttled: int
    keys: tuple[str, ...]


class _Tally:
    __slots__ = ("keys", "refused", "throttled")

    def __init__(self) -> None:
        self.refused = 0
        self.throttled = 0
        self.keys: dict[str, None] = {}


class KeyThrottle:
    """Counts bad keys by address. It belongs to one event loop, and counts what its own process sees.

    What is remembered is bounded: the address that failed longest ago is forgotten first, and what goes on record names
    so many addresses and no more.
    """

    __slots__ = ("_clock", "_failures", "_policy", "_tallies")

    def __init__(self, clock: Clock, policy: ThrottlePolicy | None = None) -> None:
        self._clock = clock
        self._policy = policy or ThrottlePolicy()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._tallies: dict[str, _Tally] = {}

    def admit(self, address: str) -> None:
        """Let a key from ``address`` be looked at. Raises :class:`RateLimitExceededError` after too many bad ones."""
        failures = self._failures.get(_network(address))
        if failures is None or len(failures) < self._policy.attempts:
            return
        wait = failures[0] + self._policy.window_s - self._clock.now()
        if wait <= 0:
            return
        self._tally(address).throttled += 1
        raise RateLimitExceededError("Too many invalid API keys from this address", retry_after_ms=int(wait * 1000) + 1)

    def refused(self, address: str, key_id: str | None) -> None:
        """Note a bad key; ``key_id`` is the existing key that it named, if any.

        Raises :class:`RateLimitExceededError` when there were too many meanwhile: of those that are looked at together
        no more are told that they are bad.
        """
        self.admit(address)
        network = _network(address)
        failures = self._failures.pop(network, None) or deque(maxlen=self._policy.attempts)
        failures.append(self._clock.now())
        self._failures[network] = failures
        while len(self._failures) > self._policy.capacity:
            self._failures.popitem(last=False)
        tally = self._tally(address)
        tally.refused += 1
        if key_id is not None and len(tally.keys) < MOST_KEYS_TOLD:
            tally.keys[key_id] = None

    def take(self) -> Sequence[RefusedKeys]:
        """Return what was refused since the last time, and forget it."""
        tallies, self._tallies = self._tallies, {}
        return [RefusedKeys(at, each.refused, each.throttled, tuple(each.keys)) for at, each in tallies.items()]

    def _tally(self, address: str) -> _Tally:
        name = address if address in self._tallies or len(self._tallies) < MOST_TOLD else OTHERS
        found = self._tallies.get(name)
        if found is None:
            found = self._tallies[name] = _Tally()
        return found


def _network(address: str) -> str:
    """Return what an attacker cannot change at will: the address, of IPv6 its network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))

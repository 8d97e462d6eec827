"""Slows down password guessing: for a person from one place, for a person from everywhere, from one place for all."""

import ipaddress
from collections import OrderedDict, deque
from typing import Final

from router_core.clock import Clock

__all__ = ["CAPACITY", "FailureThrottle"]

SPAN_S: Final = 900.0
CAPACITY: Final = 10_000
_HOME_BITS: Final = 64


class _Window:
    """Counts tries by key within the last 15 minutes; of those remembered the one tried longest ago leaves first."""

    __slots__ = ("_clock", "_limit", "_tries")

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> float:
        found, now = self._tries.get(key), self._clock.now()
        if found is None:
            return 0.0
        while found and found[0] + SPAN_S <= now:
            found.popleft()
        return found[0] + SPAN_S - now if len(found) >= self._limit else 0.0

    def count(self, key: str) -> None:
        found = self._tries.pop(key, None) or deque(maxlen=self._limit)
        found.append(self._clock.now())
        self._tries[key] = found
        if len(self._tries) > CAPACITY:
            self._tries.popitem(last=False)

    def take_back(self, key: str) -> None:
        found = self._tries.get(key)
        if found:
            found.pop()

    def forget(self, key: str) -> None:
        self._tries.pop(key, None)


class FailureThrottle:
    """Lets pass in 15 minutes 5 failures of a person from an address, 50 of a person from anywhere, 30 from an address.

    A try counts as a failure when it begins, so that many at once are no more than many in turn; one that succeeds is
    taken back. Tries that are refused do not count, so nobody can keep a lock closed by knocking.
    """

    PAIR, PERSON, ADDRESS = 5, 50, 30

    def __init__(self, clock: Clock) -> None:
        self._pairs, self._people, self._places = (
            _Window(clock, limit) for limit in (self.PAIR, self.PERSON, self.ADDRESS)
        )

    def wait(self, email: str, address: str) -> float:
        """Return the seconds until this person may try again from here, 0 for now."""
        return self._pairs.wait(_pair(email, address))

    def crowd_wait(self, email: str, address: str) -> float:
        """Return the same for what all others did: for that person anywhere, and for anybody here.

        It holds for nobody who has signed in from here before: an attack elsewhere must not lock them out.
        """
        return max(self._people.wait(email), self._places.wait(_place(address)))

    def begin(self, email: str, address: str) -> None:
        """Count a try."""
        self._pairs.count(_pair(email, address))
        self._people.count(email)
        self._places.count(_place(address))

    def take_back(self, email: str, address: str) -> None:
        """Take a try back that nobody looked at."""
        self._pairs.take_back(_pair(email, address))
        self._people.take_back(email)
        self._places.take_back(_place(address))

    def passed(self, email: str, address: str) -> None:
        """Take a try back that was none of guessing, with the failures before it from here."""
        self._pairs.forget(_pair(email, address))
        self._people.take_back(email)
        self._places.take_back(_place(address))


def _pair(email: str, address: str) -> str:
    return f"{_place(address)} {email}"


def _place(address: str) -> str:
    """Return what an address counts as: of IPv6 its network, since who has one has all of its addresses."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((int(found), _HOME_BITS), strict=False))

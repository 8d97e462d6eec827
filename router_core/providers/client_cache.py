"""Keeps SDK client objects, which are dear to make, one for each host and key."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from router_core.types import Secret

__all__ = ["MAX_CLIENTS", "ClientCache"]

MAX_CLIENTS = 256
_Client = TypeVar("_Client")


class ClientCache(Generic[_Client]):
    """At most ``limit`` clients; the longest unused one is forgotten.

    Forgetting is all that is needed: clients own no connection, so a call in flight with a forgotten one goes on.
    """

    def __init__(self, make: Callable[[str, str], _Client], limit: int = MAX_CLIENTS) -> None:
        self._make = make
        self._limit = limit
        self._clients: OrderedDict[tuple[str, Secret], _Client] = OrderedDict()

    def client(self, base_url: str, key: Secret) -> _Client:
        """Return the client that sends ``key`` to ``base_url`` and nowhere else."""
        place = (base_url, key)
        found = self._clients.get(place)
        if found is not None:
            self._clients.move_to_end(place)
            return found
        made = self._clients[place] = self._make(base_url, key.reveal())
        if len(self._clients) > self._limit:
            self._clients.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._clients)

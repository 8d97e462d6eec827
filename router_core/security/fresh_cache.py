"""A small bounded cache of what a store said a moment ago, which outlives an outage of that store."""

import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from router_core.clock import Clock
from router_core.errors import OverloadedError

__all__ = ["LIFE_S", "OUTAGE_LIFE_S", "FreshCache"]

# A revocation is noticed after LIFE_S plus the GRACE_S during which one caller looks and the others still read.
LIFE_S = 4.0
GRACE_S = 1.0
# While the store is down, what it last said holds for this long.
OUTAGE_LIFE_S = 900.0
DEFAULT_CAPACITY = 4096
STORE_RETRY_AFTER_MS = 1000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_log = logging.getLogger(__name__)


class _Entry(Generic[V]):
    __slots__ = ("expires", "read_at", "value")

    def __init__(self, value: V, now: float) -> None:
        self.value = value
        self.read_at = now
        self.expires = now + LIFE_S


class FreshCache(Generic[K, V]):
    """Keeps values for ``LIFE_S`` seconds, at most ``capacity`` of them, the oldest written leaving first."""

    __slots__ = ("_capacity", "_clock", "_entries")

    def __init__(self, clock: Clock, capacity: int = DEFAULT_CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._entries: dict[K, _Entry[V]] = {}

    def get(self, key: K) -> V | None:
        """Return a value that is still fresh, else None."""
        entry = self._entries.get(key)
        return entry.value if entry is not None and entry.expires > self._clock.now() else None

    def drop(self, key: K) -> None:
        """Forget ``key``, so that the next look goes to the store."""
        self._entries.pop(key, None)

    async def refresh(self, key: K, look_up: Callable[[], Awaitable[V | None]]) -> V | None:
        """Ask the store and keep the answer; None forgets it.

        Raises :class:`OverloadedError` when the store fails and nothing recent is known.
        """
        stale = self._entries.get(key)
        if stale is not None:
            stale.expires = self._clock.now() + GRACE_S
        try:
            asked_at = self._clock.now()
            value = await look_up()
        except Exception as error:  # noqa: BLE001 - any fault of any store means the same here: it cannot be asked
            return self._last_known(stale, error)
        self._keep(key, value, asked_at)
        return value

    def _last_known(self, stale: _Entry[V] | None, error: Exception) -> V:
        now = self._clock.now()
        if stale is None or now - stale.read_at > OUTAGE_LIFE_S:
            _log.error("the store cannot be asked: %s", type(error).__name__)
            raise OverloadedError("Credentials cannot be checked now", retry_after_ms=STORE_RETRY_AFTER_MS) from error
        _log.warning("the store cannot be asked (%s): going on with its last answer", type(error).__name__)
        stale.expires = now + LIFE_S
        return stale.value

    def _keep(self, key: K, value: V | None, now: float) -> None:
        self._entries.pop(key, None)
        if value is None:
            return
        while len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = _Entry(value, now)

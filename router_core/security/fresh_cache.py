"""A small bounded cache of what a store said a moment ago, which outlives an outage of that store."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from router_core.clock import Clock
from router_core.errors import OverloadedError

__all__ = ["LIFE_S", "OUTAGE_LIFE_S", "FreshCache"]

# A revocation is noticed after LIFE_S + AHEAD_S at most. What is in use is asked for again ahead of its end, so that
# no request waits for the store: not even for one that hangs, whose answer is given up within AHEAD_S.
LIFE_S: Final = 3.0
AHEAD_S: Final = 2.0
# While the store is down, what it last said holds for this long.
OUTAGE_LIFE_S: Final = 900.0
DEFAULT_CAPACITY: Final = 4096
STORE_RETRY_AFTER_MS: Final = 1000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_log = logging.getLogger(__name__)


class _Entry(Generic[V]):
    __slots__ = ("asked_at", "told_at", "value")

    def __init__(self, value: V, now: float) -> None:
        self.value = value
        self.told_at = now
        # Later than told_at when the store was asked since, and failed.
        self.asked_at = now


class FreshCache(Generic[K, V]):
    """Keeps values for a few seconds, at most ``capacity`` of them, the oldest written leaving first.

    It belongs to one event loop.
    """

    __slots__ = ("_asking", "_capacity", "_clock", "_entries")

    def __init__(self, clock: Clock, capacity: int = DEFAULT_CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._entries: dict[K, _Entry[V]] = {}
        self._asking: dict[K, asyncio.Task[V | None]] = {}

    def get(self, key: K) -> V | None:
        """Return a value that is still fresh, else None."""
        entry = self._entries.get(key)
        return entry.value if entry is not None and self._clock.now() - entry.asked_at < LIFE_S else None

    def holds(self, key: K) -> bool:
        """Say whether something is known of ``key``, however long ago it was told."""
        return key in self._entries

    def drop_where(self, is_meant: Callable[[V], bool]) -> None:
        """Forget every value that ``is_meant``, and all that is being asked."""
        for key in [key for key, entry in self._entries.items() if is_meant(entry.value)]:
            del self._entries[key]
        self._asking.clear()

    def drop(self, key: K) -> None:
        """Forget ``key``, and what is being asked about it; the next look goes to the store."""
        self._entries.pop(key, None)
        self._asking.pop(key, None)

    def clear(self) -> None:
        """Forget everything, and what is being asked."""
        self._entries.clear()
        self._asking.clear()

    async def refresh(self, key: K, look_up: Callable[[], Awaitable[V | None]]) -> V | None:
        """Ask the store and keep the answer; None forgets it. Those who ask for one key together share one look.

        Raises :class:`OverloadedError` when the store fails and nothing recent is known.
        """
        entry = self._entries.get(key)
        asking = self._asking.get(key) or self._begin(key, look_up)
        if entry is not None and self._clock.now() - entry.asked_at < LIFE_S + AHEAD_S:
            return entry.value
        return await asyncio.shield(asking)

    def _begin(self, key: K, look_up: Callable[[], Awaitable[V | None]]) -> "asyncio.Task[V | None]":
        task = self._asking[key] = asyncio.create_task(self._ask(key, look_up))

        def ended(done: "asyncio.Task[V | None]") -> None:
            if self._asking.get(key) is done:
                del self._asking[key]
            if not done.cancelled():
                done.exception()  # nobody may be waiting for it

        task.add_done_callback(ended)
        return task

    async def _ask(self, key: K, look_up: Callable[[], Awaitable[V | None]]) -> V | None:
        asked_at = self._clock.now()
        try:
            value = await look_up()
        except Exception as error:  # noqa: BLE001 - any fault of any store means the same here: it cannot be asked
            return self._last_known(key, error)
        if self._asking.get(key) is asyncio.current_task():
            self._keep(key, value, asked_at)
        return value

    def _last_known(self, key: K, error: Exception) -> V:
        entry, now = self._entries.get(key), self._clock.now()
        if entry is None or now - entry.told_at > OUTAGE_LIFE_S:
            _log.error("the store cannot be asked: %s", type(error).__name__)
            raise OverloadedError("Credentials cannot be checked now", retry_after_ms=STORE_RETRY_AFTER_MS) from error
        _log.debug("the store cannot be asked (%s): going on with its last answer", type(error).__name__)
        entry.asked_at = now
        return entry.value

    def _keep(self, key: K, value: V | None, now: float) -> None:
        self._entries.pop(key, None)
        if value is None:
            return
        while len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = _Entry(value, now)

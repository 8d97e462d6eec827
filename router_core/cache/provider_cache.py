"""Who may be asked for an account, under the keys of the original system: a view of the configuration in force."""

from typing import Final

from router_core.clock import Clock
from router_core.ports import ConfigSource
from router_core.types import CacheStats, ProviderConfig, Snapshot

__all__ = ["DEFAULT_TTL_MS", "CachedProviderRepository"]

# A change is seen with the snapshot that brings it; nothing is held longer than this, whatever happens.
DEFAULT_TTL_MS: Final = 300_000
MOST_KEYS: Final = 10_000
_GLOBAL: Final = "llm:providers:global"

Rows = tuple[ProviderConfig, ...]


class CachedProviderRepository:
    """Answers at once, whatever the number of rows; an account without rows of its own shares the list of all."""

    __slots__ = ("_clock", "_config", "_hits", "_misses", "_rows", "_snapshot", "_ttl")

    def __init__(self, config: ConfigSource, clock: Clock, ttl_ms: int = DEFAULT_TTL_MS) -> None:
        self._config = config
        self._clock = clock
        self._ttl = ttl_ms / 1000
        self._snapshot: Snapshot | None = None
        self._rows: dict[str, tuple[Rows, float]] = {}
        self._hits = self._misses = 0

    def get_providers(self, account_id: str | None = None) -> Rows:
        """Return the providers that ``account_id`` may use, its own first; the global ones for None."""
        snapshot = self._config.snapshot()
        if snapshot is not self._snapshot:
            self._rows.clear()
            self._snapshot = snapshot
        key = _GLOBAL if account_id is None else f"llm:providers:{account_id}"
        found = self._rows.get(key)
        if found is not None and self._clock.now() < found[1]:
            self._hits += 1
            return found[0]
        self._misses += 1
        return self._kept(key, self._of(snapshot, account_id))

    def invalidate_cache(self, account_id: str | None = None) -> None:
        """Forget what is known for ``account_id``, None for the global providers."""
        self._rows.pop(_GLOBAL if account_id is None else f"llm:providers:{account_id}", None)

    def clear_all_caches(self) -> None:
        """Forget everything."""
        self._rows.clear()

    def keys(self) -> tuple[str, ...]:
        """Return the keys under which something is kept."""
        return tuple(self._rows)

    def get_stats(self) -> CacheStats:
        """Return how the cache is doing."""
        return CacheStats(
            kind="snapshot",
            hits=self._hits,
            misses=self._misses,
            sets=self._misses,
            entries=len(self._rows),
            size_bytes=None,
        )

    def _of(self, snapshot: Snapshot, account_id: str | None) -> Rows:
        own = snapshot.of_account(account_id)
        if account_id is None:
            return tuple(own)
        everybodys = self.get_providers()
        return (*own, *everybodys) if own else everybodys

    def _kept(self, key: str, rows: Rows) -> Rows:
        while len(self._rows) >= MOST_KEYS:
            del self._rows[next(iter(self._rows))]
        self._rows[key] = (rows, self._clock.now() + self._ttl)
        return rows

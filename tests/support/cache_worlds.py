"""A cache of answers with its facade, in memory."""

from dataclasses import dataclass

from router_core.admin.action_trail import ActionTrail
from router_core.admin.cache_desk import CacheDesk, CacheDeskParts
from router_core.cache.memory_cache import MemoryCache
from router_core.cache.response_cache import AnswerCache
from router_core.clock import Clock
from router_core.configuration.memory_store import MemoryConfigStore
from router_core.security.memory_stores import MemoryAccountStore
from tests.support.core_fakes import standard_providers

__all__ = ["CacheWorld", "cache_world"]


@dataclass(frozen=True)
class CacheWorld:
    """The cache, what it stands on, and its facade."""

    answers: AnswerCache
    store: MemoryCache
    config: MemoryConfigStore
    desk: CacheDesk


def cache_world(accounts: MemoryAccountStore, trail: ActionTrail, clock: Clock) -> CacheWorld:
    """Return a cache in memory over the standard configuration."""
    config, store = MemoryConfigStore(accounts, standard_providers(), clock), MemoryCache(clock)
    answers = AnswerCache(store, config, clock)

    async def refresh() -> None:
        """The configuration in memory is in force at once."""

    parts = CacheDeskParts(
        cache=answers, purges=config, accounts=accounts, config=config, trail=trail, refresh=refresh, clock=clock,
    )  # fmt: skip
    return CacheWorld(answers, store, config, CacheDesk(parts))

"""Opens the cache of answers: in Redis where there is one, sealed there, else in the process."""

from contextlib import AsyncExitStack

from router_core.admin.action_trail import ActionTrail
from router_core.admin.cache_desk import CacheDesk, CacheDeskParts
from router_core.cache.memory_cache import MemoryCache
from router_core.cache.response_cache import AnswerCache
from router_core.cache.sealing import AnswerSeal
from signalbox.ground import Ground
from signalbox.tasks import background

__all__ = ["cache_desk", "open_cache"]

_MIB = 1024 * 1024


def open_cache(ground: Ground, stack: AsyncExitStack) -> AnswerCache:
    """Return the cache; ``stack`` ends what runs for it."""
    if ground.redis is None:
        memory = MemoryCache(ground.clock, ground.settings.cache_memory_mb * _MIB)
        background(stack, memory.run())
        cache = AnswerCache(memory, ground.config, ground.clock)
    else:
        from router_core.cache.redis_cache import RedisCache  # the client is loaded by those who have a Redis

        seal = AnswerSeal(ground.root.derive("answers in the cache"))
        cache = AnswerCache(RedisCache(ground.redis), ground.config, ground.clock, seal)
    stack.push_async_callback(cache.close)
    return cache


def cache_desk(ground: Ground, cache: AnswerCache, trail: ActionTrail) -> CacheDesk:
    """Return the facade over ``cache``."""
    store = ground.store
    return CacheDesk(
        CacheDeskParts(
            cache=cache, purges=store.cache_purges, accounts=store.accounts, trail=trail, refresh=store.config.refresh,
            config=ground.config, clock=ground.clock,
        )
    )  # fmt: skip

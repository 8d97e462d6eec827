"""Where rate limits are kept: in Redis where there is one, else in this process."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from router_core.admin.action_trail import ActionTrail
from router_core.admin.limit_desk import LimitDesk, LimitDeskParts
from router_core.clock import Clock
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from signalbox.ground import Ground
from signalbox.store import Store
from signalbox.tasks import background

if TYPE_CHECKING:
    from router_core.rate_limiting.redis_rate_limiter import RedisLimiter

__all__ = ["limit_desk", "open_limiter"]

_NAME_CHARACTERS: Final = 12


def open_limiter(ground: Ground, stack: AsyncExitStack) -> "MemoryLimiter | RedisLimiter":
    """Return what keeps rate limits; ``stack`` ends what runs for it."""
    if ground.redis is None:
        return MemoryLimiter(ground.clock, ground.share)
    from router_core.rate_limiting.redis_rate_limiter import RedisLimiter  # loads the client, for who has a Redis

    # What every process of an installation has, and no other: two on one Redis share no buckets.
    installation = ground.root.derive("name in Redis").hex()[:_NAME_CHARACTERS]
    limiter = RedisLimiter(ground.redis, ground.clock, ground.share, installation=installation)
    background(stack, limiter.run())
    return limiter


def limit_desk(store: Store, limiter: "MemoryLimiter | RedisLimiter", trail: ActionTrail, clock: Clock) -> LimitDesk:
    """Return the facade over ``limiter`` and the limits in ``store``."""
    return LimitDesk(
        LimitDeskParts(
            config=store.config,
            rows=store.rows,
            settings=store.rates,
            accounts=store.accounts,
            keys=store.api_keys,
            limiter=limiter,
            stats=limiter.stats,
            trail=trail,
            refresh=store.config.refresh,
            clock=clock,
        )
    )
